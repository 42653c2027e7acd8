"""A worker's own /metrics, where the setting `metrics_port` asks for it."""

import logging

from celery.signals import worker_ready

from app.infrastructure.celery.process import ports
from app.settings import Settings
from app.wiring import serve_metrics

log = logging.getLogger(__name__)


@worker_ready.connect
def serve(**_: object) -> None:
    """A worker that is run by hand beside another one on the same settings does without."""
    try:
        serve_metrics(Settings.load(), ports().metrics)
    except OSError as error:
        log.warning("no /metrics of this worker: %s", error)
