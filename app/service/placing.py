"""Where an attempt's pod is made: as one that was started ahead, or as a new one."""

from collections.abc import Iterator
from dataclasses import replace

from app.domain.errors import PlaceTaken
from app.domain.execution import Execution
from app.domain.place import is_started_ahead
from app.domain.pod import Pod
from app.ports import Executions, Runtime


def make_pod(runtime: Runtime, executions: Executions, execution: Execution, pod: Pod) -> bool:
    """Make the attempt's pod, unless it exists. Raises RunRefused.

    The row names the place before anything is made or claimed there, so two creators of an attempt
    never make it in two. False if the row has changed meanwhile: somebody else continues.
    """
    for place in _places(runtime, execution, pod):
        if place != execution.place:
            if not executions.put_place(execution, place):
                return False
            execution = replace(execution, place=place)
        if _made(runtime, pod, place):
            return True
    raise AssertionError("a new pod is never taken")


def _places(runtime: Runtime, execution: Execution, pod: Pod) -> Iterator[str | None]:
    """The place that the row names is first: something may have been made there."""
    if execution.place is not None:
        yield execution.place
    ahead = runtime.started_ahead(pod)
    yield from ahead or ()
    yield None if ahead is None else pod.name


def _made(runtime: Runtime, pod: Pod, place: str | None) -> bool:
    if place is None or not is_started_ahead(place):
        runtime.create(pod)
        return True
    try:
        runtime.claim(pod, place)
    except PlaceTaken:
        return False
    return True
