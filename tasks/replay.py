"""Queue `replay`: the relay of the outbox into the event log."""

from app.service import relay
from tasks.process import tick

relay_events = tick("podline.replay.relay")(relay.relay)
