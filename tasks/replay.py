"""Queue `replay`: the relay of the outbox into the event log, and what is replayed of the log."""

from app.infrastructure.celery.pipeline import REPLAY
from app.infrastructure.celery.process import step, tick
from app.service import relay, replaying

relay_events = tick("podline.replay.relay")(relay.relay)
replay_slice = step(REPLAY)(replaying.work)
replay_due = tick("podline.replay.due")(replaying.work_due)
