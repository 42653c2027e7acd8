"""A worker or beat keeps what it creates to itself, and starts only where it can."""

from typing import Any

from celery.signals import beat_init, celeryd_init

from app.settings import Settings
from app.wiring import keep_private
from sandbox.private import NotPrivate, set_umask


@celeryd_init.connect
@beat_init.connect
def _keep(**_: Any) -> None:
    set_umask()
    try:
        keep_private(Settings.load())
    except NotPrivate as error:
        raise SystemExit(str(error)) from error
