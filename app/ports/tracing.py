"""The port of traces: one follows an execution from its submission through all processes.

The execution's row has the context of its submission, as a `traceparent` of W3C Trace Context
(https://www.w3.org/TR/trace-context/). Whoever works on the execution continues that trace from
the row. So messages need no context, and whatever Redis or a worker forgets, the trace goes on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from app.domain.execution import Change, Event, Execution


class Tracing(Protocol):
    """Records spans of executions. Without a `traceparent`, an execution has none.

    What is recorded has ids, names, states and outcomes: never anything of a program or a client.
    No method raises errors, and none waits for whoever receives the spans.
    """

    def request(self, method: str, route: str, traceparent: str | None) -> Callable[[int], None]:
        """Begin a request to the API, which continues the client's own trace if it has one.

        A route contains its parameters' names, not their values. What is returned ends the
        request, and takes the status of the response.
        """

    def submission(self) -> str | None:
        """Return the context for an execution that is accepted now; None if it is not traced."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Record a step, unless it finds nothing to do: it is recorded once it is `about` a row."""

    def about(self, execution: Execution) -> None:
        """Say for which execution the current step works: it is part of that one's trace."""

    def tick(self, name: str) -> AbstractContextManager[None]:
        """Record a tick, if it changes or continues an execution that is traced.

        It is part of no execution's trace. What it does to executions is linked to it.
        """

    def changed(self, change: Change) -> None:
        """Record a transition. If that ends an attempt, record the attempt as well."""

    def continued(self, execution: Execution) -> None:
        """Record that a tick found this execution forgotten, and continues it."""

    def callback(self, execution: Execution) -> AbstractContextManager[str | None]:
        """Record a try to deliver a callback. The context's value is for its receiver."""

    def relay(self, events: Sequence[Event]) -> AbstractContextManager[Sequence[Event]]:
        """Record a delivery to the log. The events of the context's value have its context."""
