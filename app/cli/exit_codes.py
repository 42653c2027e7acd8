"""The exit codes of `podline run` and `podline watch`, as listed in docs/cli.md."""

from typing import Final

from app.domain.signals import number_of
from podline import Execution, Outcome, ProtocolError, Result, State

CANCELLED: Final = 118
FAILED: Final = 119
"""The service could not run the program."""
OURS: Final = 125
"""Not the program's fault: the service can't be reached, refused the submission, or reported an
outcome that this version doesn't know.
"""
OF_OUTCOME: Final = {
    Outcome.SUCCESS: 0,
    Outcome.WRONG_OUTPUT: 120,
    Outcome.COMPILE_ERROR: 121,
    Outcome.MEMORY_LIMIT: 122,
    Outcome.OUTPUT_LIMIT: 123,
    Outcome.CHECKER_ERROR: OURS,
    Outcome.TIME_LIMIT: 124,  # as timeout(1)
}
"""For a runtime error it is the program's own exit code, or 128 plus the signal's number."""


def exit_code(execution: Execution) -> int:
    """Return the exit code for a terminal execution."""
    if execution.state is State.CANCELLED:
        return CANCELLED
    if execution.state is State.FAILED:
        return FAILED
    if execution.outcome is None or execution.result is None:
        raise ProtocolError(f"execution {execution.id} is {execution.state} and has no result")
    if execution.outcome is Outcome.RUNTIME_ERROR:
        return _own_exit_code(execution.result)
    return OF_OUTCOME.get(execution.outcome, OURS)  # a newer service may report other outcomes


def _own_exit_code(result: Result) -> int:
    if result.signal is None:
        return result.exit_code or 0
    return 128 + (number_of(result.signal) or 0)
