"""The Bays port where nothing is reserved: a cluster schedules pods, and one daemon has one cap."""

from contextlib import AbstractContextManager, nullcontext

from app.domain.errors import RuntimeUnavailable
from app.ports.bays import BayCount


class NoBays:
    def open(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, seconds: float) -> bool:  # noqa: ARG002  # the port's
        return True

    def take(self) -> bool:
        return True

    def join(self) -> bool:
        return True

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def pause(self) -> None: ...

    def drain(self) -> bool:
        return True

    def count(self) -> BayCount:
        raise RuntimeUnavailable("there are no bays here")
