"""Queue `replay`: the relay of the outbox into the event log, and what is replayed of the log."""

from app.service import relay, replaying
from tasks.pipeline import REPLAY
from tasks.process import step, tick

relay_events = tick("podline.replay.relay")(relay.relay)
replay_slice = step(REPLAY)(replaying.work)
replay_due = tick("podline.replay.due")(replaying.work_due)
