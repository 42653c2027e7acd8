"""Queue `saga`: the saga orchestrator, the sweep, usage and retention."""

from app.domain.chain import COMPENSATE, START, SWEEP
from app.infrastructure.celery.steps import Step, Tick
from app.service import retention, saga, sweep, usage
from tasks import app


@app.task(name=START, base=Step)
def start_attempt(execution_id: str) -> bool:
    return saga.start_attempt(app.ports, execution_id)


@app.task(name=COMPENSATE, base=Step)
def compensate(execution_id: str) -> None:
    saga.compensate(app.ports, execution_id)


@app.task(name=SWEEP, base=Tick)
def sweep_up() -> None:
    sweep.sweep(app.ports)


@app.task(name="podline.saga.usage", base=Tick)
def fold_usage() -> None:
    usage.fold_backlog(app.ports.store.usage, app.ports.clock)


@app.task(name="podline.saga.retention", base=Tick)
def remove_old() -> None:
    retention.remove_old(app.ports)


@app.task(name="podline.saga.blobs", base=Tick)
def remove_orphaned_blobs() -> None:
    retention.remove_orphaned_blobs(app.ports)
