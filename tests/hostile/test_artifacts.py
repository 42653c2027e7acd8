"""Files that hostile programs leave in a jail."""

from dataclasses import replace

import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.domain.submission import Limits
from tests.hostile.artifacts import ALL, FILLING, FilesInLimitedMemory, Keep, Kept, kept_by
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end


class TestJails(FilesInLimitedMemory):
    @pytest.fixture
    def keep(self, hostile_sandbox: SandboxDaemon) -> Keep:
        runtime = hostile_sandbox.runtime

        def keep(source: str, limits: Limits = DEFAULT_LIMITS) -> Kept:
            runs = (a_run(limits=limits),)
            pod = a_pod(language(runtime, "python"), source, artifacts=ALL, runs=runs)
            return kept_by(runtime, wait_for_end(runtime, pod))

        return keep

    def test_a_program_that_filled_its_memory_with_files(self, keep: Keep) -> None:
        """The kernel ends the program, and nothing that its files need, so they are looked at."""
        limits = replace(DEFAULT_LIMITS, memory_mib=64, disk_mib=256)
        ((name, reason),) = keep(FILLING, limits=limits).left_out.items()
        assert (name, reason[:7]) == ("a", "it has "), reason


def test_no_files_of_a_program_that_does_not_compile(hostile_sandbox: SandboxDaemon) -> None:
    pod = a_pod(language(hostile_sandbox.runtime, "c"), "x", artifacts=("*",))
    assert wait_for_end(hostile_sandbox.runtime, pod).collected is None
