"""Random system calls."""

from app.domain.execution import Outcome
from tests.hostile.field import is_good, run_good
from tests.hostile.fuzz import fuzz
from tests.support.sandbox_daemon import SandboxDaemon

SEED = 4
SECONDS = 5


def test_random_system_calls_leave_the_sandbox_whole(hostile_sandbox: SandboxDaemon) -> None:
    ran = list(fuzz(hostile_sandbox, SEED, SECONDS))

    assert not {None, Outcome.COMPILE_ERROR} & {run.outcome for run in ran}, ran
    assert any(b" calls by " in run.stdout for run in ran), ran
    assert is_good(run_good(hostile_sandbox))
