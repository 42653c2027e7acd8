"""The Celery application of `celery -A benchmarks.free`: programs cost it nothing."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from app import wiring
from app.domain.pod import Pod
from app.domain.report import Observation, Output, Phase, StageOutput
from app.infrastructure.memory.runtime import MemoryRuntime, exited
from app.ports import Runtime

_PRINTED: Final = Output(compile=None, runs=(StageOutput(stdout=b"1\n", stderr=b""),))
_PAUSE_SECONDS: Final = 0.5


class FreeRuntime(MemoryRuntime):
    """Every pod has ended as soon as it exists. It remembers none, so that workers can share it."""

    def create(self, pod: Pod) -> None:
        pass

    def observe(self, name: str, wait_seconds: float = 0) -> Observation:  # noqa: ARG002  # the port's
        now = time.time_ns() // 1_000
        return Observation(
            name=name,
            phase=Phase.ENDED,
            started_at=now,
            ended_at=now,
            report=exited(),
            output=_PRINTED,
        )

    def output(self, name: str, first_run: int = 0) -> Output:  # noqa: ARG002  # the port's
        return _PRINTED

    def delete(self, name: str) -> None:
        pass

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        while not stop():
            time.sleep(_PAUSE_SECONDS)
        return iter(())


def make_free_runtime(*_: object) -> Runtime:
    return FreeRuntime()


setattr(wiring, "make_runtime", make_free_runtime)  # noqa: B010  # replaces a name of that module

from tasks import app  # noqa: E402  # it is made with that runtime

__all__ = ["app"]
