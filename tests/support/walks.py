"""Whole lives of executions, drawn at random from the table of transitions."""

from hypothesis import strategies as st

from app.domain.execution import SECOND, TRANSITIONS, Change, Event, Execution, Outcome, State
from app.domain.submission import Priority
from tests.support.builders import NOW, a_submission, a_verdict, accepted

LABELS = st.text(max_size=63)


@st.composite
def walks(draw: st.DrawFn) -> list[tuple[Execution, Event]]:
    """Yield one execution, version after version, each with its event."""
    submission = a_submission(
        priority=draw(st.sampled_from(Priority)),
        labels=draw(st.dictionaries(LABELS, LABELS, max_size=16)),
    )
    execution, _, first = accepted(submission, owner=draw(st.text(min_size=1, max_size=40)))
    walk = [(execution, first)]
    while TRANSITIONS[execution.state] and len(walk) < 30:
        state = draw(st.sampled_from(sorted(TRANSITIONS[execution.state])))
        change = draw(changes(execution, state))
        execution = change.after
        walk.append((execution, change.event))
    return walk


@st.composite
def changes(draw: st.DrawFn, execution: Execution, state: State) -> Change:
    """Return one transition with random facts."""
    now = NOW + draw(st.integers(0, 10**12))
    match state:
        case State.ADMITTED:
            return execution.admit(now, now)
        case State.STARTING:
            return execution.start(now, now, now + 60 * SECOND)
        case State.RUNNING:
            return execution.run(now, now, now)
        case State.FINISHED:
            code, signal = draw(
                st.sampled_from([(0, None), (255, None), (None, "SIGKILL"), (None, None)])
            )
            outcome = draw(st.sampled_from(Outcome))
            return execution.finish(now, now, a_verdict(outcome, exit_code=code, signal=signal))
        case State.COMPLETED:
            return execution.complete(now, now, draw(st.none() | st.text()))
        case State.QUEUED:
            return execution.requeue(now, now, draw(st.text()))
        case State.FAILED:
            return execution.fail(now, now, draw(st.text()))
        case State.CANCELLED:
            return execution.cancel(now, now)
