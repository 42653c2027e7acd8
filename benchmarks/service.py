"""A `podline up` of a benchmark's own, on a folder of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from app.domain.errors import StoreUnavailable
from benchmarks.api import Api
from tests.support.standalone import Standalone
from tests.support.waiting import wait_until

WARM_UP: Final = 10
"""Executions after which every connection is open and everything is imported."""


@contextmanager
def running(
    *, prepare: Callable[[Path], object] = lambda _: None, **settings: object
) -> Iterator[tuple[Standalone, Api]]:
    """Up and warm, after `prepare` was shown its folder; `settings` by name, without the prefix."""
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        prepare(Path(folder))
        service = Standalone(Path(folder), environment(settings))
        service.up()
        try:
            api = api_of(service.data_dir)
            for _ in range(WARM_UP):
                api.run()
            yield service, api
        finally:
            service.down()


@contextmanager
def worker_paused(service: Standalone) -> Iterator[None]:
    """Stops the worker at a moment at which it holds no lock of the database."""
    worker = service.child("worker")
    try:
        wait_until(lambda: _paused(service, worker))
        yield
    finally:
        worker.resume()


def _paused(service: Standalone, worker: psutil.Process) -> bool:
    worker.suspend()
    try:
        service.store().ping()
    except StoreUnavailable:
        worker.resume()
        return False
    return True


def environment(settings: dict[str, object]) -> dict[str, str]:
    given = {f"PODLINE_{name.upper()}": str(value) for name, value in settings.items()}
    return {"PODLINE_FLOWER_PORT": "0", "PODLINE_LOG_LEVEL": "warning", **given}


def api_of(folder: Path) -> Api:
    """The API of the data folder's service, with the first admin key."""
    return Api((folder / "url").read_text().strip(), (folder / "key").read_text().strip())
