"""The port of traces where there are none."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from app.domain.execution import Change, Event, Execution


class Untraced:
    def request(
        self,
        method: str,  # noqa: ARG002  # the port's signature
        route: str,  # noqa: ARG002  # the port's signature
        traceparent: str | None,  # noqa: ARG002  # the port's signature
    ) -> Callable[[int], None]:
        return _ignore

    def submission(self) -> str | None:
        return None

    def step(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002  # the port's signature
        return nullcontext()

    def about(self, execution: Execution) -> None:
        pass

    def tick(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002  # the port's signature
        return nullcontext()

    def changed(self, change: Change) -> None:
        pass

    def continued(self, execution: Execution) -> None:
        pass

    def callback(self, execution: Execution) -> AbstractContextManager[str | None]:  # noqa: ARG002  # the port's signature
        return nullcontext()

    def relay(self, events: Sequence[Event]) -> AbstractContextManager[Sequence[Event]]:
        return nullcontext(events)


def _ignore(_: int) -> None:
    pass
