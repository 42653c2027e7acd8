"""What programs are given in megabytes arrives whole, and does not stay in the daemon's memory."""

from dataclasses import replace
from hashlib import sha256

import pytest

from app.domain.pod import Pod, check
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS, MAX_WALL_SECONDS
from app.domain.report import Phase
from app.domain.submission import Checker, File
from sandbox.wire.framing import MAX_INPUT_BYTES
from tests.sandbox.test_large_output import MIB, forget_peak, peak_bytes
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end


def contents(size: int, seed: int) -> bytes:
    piece = bytes((seed + number) % 256 for number in range(253))
    return (piece * (size // len(piece) + 1))[:size]


def printed(sandbox: SandboxDaemon, pod: Pod) -> list[str]:
    """The words that the only run printed."""
    observation = wait_for_end(sandbox.runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message
    output = sandbox.runtime.output(pod.name)
    sandbox.runtime.delete(pod.name)
    assert output
    assert output.run
    return output.run.stdout.decode().split()


def test_8_mib_of_stdin_and_of_files(sandbox: SandboxDaemon) -> None:
    stdin, file = contents(8 * MIB, 1), contents(8 * MIB, 2)
    run = a_run(stdin=stdin, files=(File("data", file),))
    pod = a_pod(language(sandbox.runtime, "bash"), "sha256sum - data", runs=(run,))
    expected = [sha256(stdin).hexdigest(), "-", sha256(file).hexdigest(), "data"]
    forget_peak(sandbox.pid)
    before = peak_bytes(sandbox.pid)

    for number in range(3):
        assert printed(sandbox, replace(pod, name=f"{pod.name}-{number}")) == expected

    assert peak_bytes(sandbox.pid) - before < 3 * 16 * MIB
    forget_peak(sandbox.pid)
    assert peak_bytes(sandbox.pid) - before < 8 * MIB, "it keeps none of it"


def test_8_mib_of_stdin_that_many_runs_share(sandbox: SandboxDaemon) -> None:
    """More than a pod could have otherwise."""
    stdin = contents(8 * MIB, 1)
    runs = tuple(a_run(stdin=stdin) for _ in range(20))
    pod = a_pod(language(sandbox.runtime, "bash"), "wc -c", runs=runs)
    assert sum(run.input_bytes for run in runs) > MAX_INPUT_BYTES
    forget_peak(sandbox.pid)
    before = peak_bytes(sandbox.pid)

    assert wait_for_end(sandbox.runtime, pod).phase is Phase.ENDED

    assert peak_bytes(sandbox.pid) - before < 4 * 8 * MIB
    output = sandbox.runtime.output(pod.name)
    sandbox.runtime.delete(pod.name)
    assert output
    assert {run and run.stdout for run in output.runs} == {b"%d\n" % len(stdin)}


def test_a_checker_is_given_the_largest_input_output_and_answer(sandbox: SandboxDaemon) -> None:
    spoken = language(sandbox.runtime, "bash")
    judged = contents(8 * MIB, 1), contents(4 * MIB, 2), contents(8 * MIB, 3)
    checker = Checker(
        language=spoken.name,
        language_version=spoken.version,
        files=(File("check.sh", b'sha256sum "$@"'),),
        entrypoint="check.sh",
        limits=DEFAULT_LIMITS,
        compile_limits=DEFAULT_COMPILE_LIMITS,
    )
    name = a_pod(spoken).name
    pod = Pod.of_checker(name, checker, [check(checker, *judged)], MAX_WALL_SECONDS)

    assert printed(sandbox, pod)[::2] == [sha256(content).hexdigest() for content in judged]


@pytest.mark.parametrize("size", [1, 8 * MIB])
def test_files_that_do_not_fit_fault_the_pod_and_say_why(sandbox: SandboxDaemon, size: int) -> None:
    """The service refuses such submissions, so it is no fault of the program."""
    files = (File("a", contents(1 * MIB, 1)), File("b", contents(size, 2)))
    limits = replace(DEFAULT_LIMITS, disk_mib=1)
    pod = a_pod(
        language(sandbox.runtime, "bash"), "true", runs=(a_run(limits=limits, files=files),)
    )
    observation = wait_for_end(sandbox.runtime, pod)
    sandbox.runtime.delete(pod.name)

    assert observation.phase is Phase.FAULTED
    assert observation.message
    assert observation.message.startswith("init failed to write files: No space left on device")
