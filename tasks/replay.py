"""Queue `replay`: the relay of events into the log, and replays of the log."""

from app.infrastructure.celery.pipeline import RELAY, REPLAY
from app.infrastructure.celery.steps import Step, Tick
from app.service import relay
from app.service.replay import slices
from tasks import app


@app.task(name=RELAY, base=Tick)
def relay_events() -> None:
    relay.relay(app.ports)


@app.task(name=REPLAY, base=Step)
def replay_slice(replay_id: str) -> None:
    slices.work(app.ports, replay_id)


@app.task(name="podline.replay.due", base=Tick)
def replay_due() -> None:
    slices.work_due(app.ports)
