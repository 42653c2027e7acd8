"""A separate `podline up` for a benchmark, in a temporary folder."""

from collections.abc import Callable, Iterator, Mapping
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
"""Executions after which all connections are open and all modules are imported."""


@contextmanager
def running(
    *,
    prepare: Callable[[Path], object] = lambda _: None,
    variables: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[tuple[Standalone, Api]]:
    """Call `prepare` with the folder, start the service, and warm it up.

    `settings` are named without their prefix; `variables` are those of others.
    """
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        prepare(Path(folder))
        service = Standalone(Path(folder), environment(settings) | dict(variables or {}))
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
    """Suspend the worker at a moment when it holds no database lock."""
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
    """Return the API of the data folder's service, with the first admin key."""
    return Api((folder / "url").read_text().strip(), (folder / "key").read_text().strip())
