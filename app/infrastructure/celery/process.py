"""What each worker process has: its ports, and how a task of ours behaves."""

import functools
import gc
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from celery import Task

from app.domain.errors import Unavailable
from app.ports import Ports
from app.settings import Settings
from app.wiring import make_ports
from tasks import app

log = logging.getLogger(__name__)

TICK_LEASE_SECONDS: Final = 20.0
"""A worker that is killed in a tick holds it up for so long.

A slice that takes longer may overlap the next one: every part of a tick may be done twice.
"""


# Tasks leave few cycles behind, and looking for them every 700 allocations cost a worker 1 ms of
# CPU an execution.
gc.set_threshold(50_000, 20, 100)


def ports() -> Ports:
    """This process's ports: made when first used, so never before a fork."""
    return _ports_of(os.getpid())


@functools.cache
def _ports_of(_pid: int) -> Ports:
    return make_ports(Settings.load())


@contextmanager
def _timed(step: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        ports().metrics.step_done(step.removeprefix("podline."), time.perf_counter() - began)


def step(name: str) -> Callable[[Callable[[Ports, str], bool | None]], Task[Any, Any]]:
    """A link of the chain: where it returns False, the rest of the chain is dropped.

    With a part of the infrastructure away, too: the row says what is to be done, and the sweep
    has it done. Any other error is unexpected and becomes a dead letter (poison.py).
    """

    def decorate(act: Callable[[Ports, str], bool | None]) -> Task[Any, Any]:
        @app.task(name=name, bind=True)
        def run(self: Task[Any, Any], execution_id: str) -> None:
            goes_on: bool | None = False
            try:
                with _timed(name):
                    goes_on = act(ports(), execution_id)
            except Unavailable as error:
                log.warning("%s of %s waits for the sweep: %s", name, execution_id, error)
            if not goes_on:
                # Dropped this way the task still succeeds, as Flower shows; Ignore would not.
                self.request.chain = None

        return run

    return decorate


def tick(name: str) -> Callable[[Callable[[Ports], object]], Task[Any, Any]]:
    """A task that beat starts: one at a time by lease, without waiting for it."""

    def decorate(act: Callable[[Ports], object]) -> Task[Any, Any]:
        @app.task(name=name)
        def run() -> None:
            try:
                lease = ports().leases.acquire(name, TICK_LEASE_SECONDS)
                if lease is None:
                    return
                try:
                    with _timed(name):
                        act(ports())
                finally:
                    lease.release()
            except Unavailable as error:
                log.warning("%s goes on at the next tick: %s", name, error)

        return run

    return decorate
