"""What each worker process has: its ports, and how a task of ours behaves."""

import functools
import gc
import os
from collections.abc import Callable
from typing import Any

from celery import Task

from app.ports import Ports
from app.service.steps import Step, Tick, run_step, run_tick
from app.settings import Settings
from app.wiring import make_ports
from tasks import app

# Tasks leave few cycles behind, and looking for them every 700 allocations cost a worker 1 ms of
# CPU an execution.
gc.set_threshold(50_000, 20, 100)


def ports() -> Ports:
    """This process's ports: made when first used, so never before a fork."""
    return _ports_of(os.getpid())


@functools.cache
def _ports_of(_pid: int) -> Ports:
    return make_ports(Settings.load())


def step(name: str) -> Callable[[Step], Task[Any, Any]]:
    """Make a task of a step of the chain; `run_step` says what it does."""

    def decorate(act: Step) -> Task[Any, Any]:
        @app.task(name=name, bind=True)
        def run(self: Task[Any, Any], subject_id: str) -> None:
            if not run_step(ports, name, act, subject_id):
                # The task still succeeds, as Flower shows. After raising Ignore, it would not.
                self.request.chain = None

        return run

    return decorate


def tick(name: str) -> Callable[[Tick], Task[Any, Any]]:
    """Make a task of what beat starts; `run_tick` says what it does."""

    def decorate(act: Tick) -> Task[Any, Any]:
        @app.task(name=name)
        def run() -> None:
            run_tick(ports, name, act)

        return run

    return decorate
