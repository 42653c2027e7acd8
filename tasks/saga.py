"""Queue `saga`: the orchestrator, the sweep and retention."""

from celery.signals import worker_ready

from app.domain.chain import COMPENSATE, STEP
from app.infrastructure.celery.process import step, tick
from app.service import retention, saga, sweep

start_attempt = step(STEP)(saga.start_attempt)
compensate = step(COMPENSATE)(saga.compensate)
sweep_up = tick("podline.saga.sweep")(sweep.sweep)
remove_old = tick("podline.saga.retention")(retention.remove_old)


@worker_ready.connect
def sweep_at_once(**_: object) -> None:
    """A worker that has just started does not wait for beat: Redis may be new and empty."""
    sweep_up.delay()
