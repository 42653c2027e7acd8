"""Takes executions from state to state, directly through a store."""

from app.domain.execution import SECOND, Change, Execution, State
from app.infrastructure.clock import now
from app.ports import Store
from tests.support.builders import a_verdict, accepted

EVENTS = 6
"""The events of one execution: queued, admitted, starting, running, finished, completed."""


def run_one(store: Store) -> str:
    """Take an execution from accepted to completed, and return its id."""
    execution, submission, event = accepted(now=now())
    assert store.executions.insert(execution, submission, event)
    while not execution.state.terminal:
        change = next_change(execution)
        assert store.executions.apply(change)
        execution = change.after
    return execution.id


def next_change(execution: Execution) -> Change:
    """Return the next transition if everything succeeds."""
    moment = now()
    match execution.state:
        case State.QUEUED:
            return execution.admit(moment, moment)
        case State.ADMITTED:
            return execution.start(moment, moment, moment + SECOND)
        case State.STARTING:
            return execution.run(moment, moment, moment)
        case State.RUNNING:
            return execution.finish(moment, moment, a_verdict())
        case _:
            return execution.complete(moment, moment)
