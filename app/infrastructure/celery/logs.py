"""Logs of workers and beat: Celery's own lines too, each with the execution that it is about."""

from typing import Any

from celery.signals import setup_logging, task_postrun, task_prerun

from app import logs
from app.infrastructure.celery.pipeline import REQUEST_ID
from app.settings import Settings


@setup_logging.connect
def configure(loglevel: int | str = "info", **_: Any) -> None:
    """In the place of Celery's; with the level that the command line asks for."""
    logs.configure(Settings.load().log_format, loglevel)


@task_prerun.connect
def begin(task: Any = None, args: Any = None, **_: Any) -> None:
    logs.begin(task.request.get(REQUEST_ID), args[0] if args else None)


@task_postrun.connect
def end(**_: Any) -> None:
    logs.begin()
