"""Several runs of one program in the daemon, beyond what every runtime does."""

from dataclasses import replace

from app.domain.pod import Run
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Limit, Output, Phase
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end
from tests.support.waiting import wait_until

MIB = 1 << 20
PRINTS_ITS_BUILD = r"""
#include <stdio.h>
int main(void) {
    unsigned sum = 0;
    FILE *file = fopen("/proc/self/exe", "rb");
    for (int c; (c = getc(file)) != EOF;) sum = sum * 31 + c;
    printf("%u\n", sum);
    return 0;
}
"""


def all_output(sandbox: SandboxDaemon, name: str, runs: int) -> Output:
    output = sandbox.runtime.output(name)
    while output and len(output.runs) < runs:
        more = sandbox.runtime.output(name, len(output.runs))
        assert more
        output = replace(output, runs=output.runs + more.runs)
    assert output
    return output


def ran(
    sandbox: SandboxDaemon, name: str, source: str, *runs: Run, **facts: object
) -> list[bytes | None]:
    pod = a_pod(language(sandbox.runtime, name), source, runs=runs, **facts)
    observation = wait_for_end(sandbox.runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message
    output = all_output(sandbox, pod.name, len(runs))
    sandbox.runtime.delete(pod.name)
    return [run.stdout if run else None for run in output.runs]


def test_the_program_is_compiled_once(sandbox: SandboxDaemon) -> None:
    """The linker gives each program another build id."""
    unique = ("-Wl,--build-id=uuid",)
    first, *others = ran(sandbox, "c", PRINTS_ITS_BUILD, *[a_run()] * 3, compile_args=unique)
    (another,) = ran(sandbox, "c", PRINTS_ITS_BUILD, a_run(), compile_args=(*unique, "-O1"))

    assert others == [first, first]
    assert another != first


def test_a_box_has_the_size_that_its_run_asks_for(sandbox: SandboxDaemon) -> None:
    runs = [a_run(limits=replace(DEFAULT_LIMITS, disk_mib=size)) for size in (16, 3, 16)]
    printed = ran(sandbox, "bash", "df --output=size -k /box | tail -1", *runs)
    assert [int(text or 0) for text in printed] == [16384, 3072, 16384]


def test_all_runs_together_print_64_mib_at_most(sandbox: SandboxDaemon) -> None:
    loud = replace(DEFAULT_LIMITS, output_kib=4096)
    source = "head -c 4194304 /dev/zero"
    pod = a_pod(language(sandbox.runtime, "bash"), source, runs=tuple([a_run(limits=loud)] * 17))
    observation = wait_for_end(sandbox.runtime, pod)
    output = all_output(sandbox, pod.name, 17)
    sandbox.runtime.delete(pod.name)

    assert observation.report
    stopped_by = [run and run.stopped_by for run in observation.report.runs]
    assert stopped_by == [None] * 16 + [Limit.OUTPUT]
    assert [run and len(run.stdout) for run in output.runs] == [4 * MIB] * 16 + [0]


def test_a_daemon_that_is_killed_between_runs_loses_the_attempt(
    own_sandbox: SandboxDaemon,
) -> None:
    source = "read -r how; test $how = go || sleep 60"
    runs = (a_run(stdin=b"go\n"), a_run(stdin=b"stay\n"))
    pod = a_pod(language(own_sandbox.runtime, "bash"), source, runs=runs)
    own_sandbox.runtime.create(pod)
    wait_until(lambda: one_has_ended(own_sandbox, pod.name))

    own_sandbox.kill()
    own_sandbox.start()

    observation = own_sandbox.runtime.observe(pod.name)
    assert observation
    assert observation.phase is Phase.FAULTED
    assert observation.message == "the sandbox daemon was restarted"
    assert own_sandbox.runtime.output(pod.name) is None
    own_sandbox.runtime.delete(pod.name)
    assert ran(own_sandbox, "bash", "cat", a_run(stdin=b"1"), a_run(stdin=b"2")) == [b"1", b"2"]


def one_has_ended(sandbox: SandboxDaemon, name: str) -> bool:
    observation = sandbox.runtime.observe(name)
    return bool(observation and observation.report and observation.report.runs)


def test_compiling_counts_towards_the_time_of_all_runs(sandbox: SandboxDaemon) -> None:
    """A compiler takes more than 20 ms, and the run before the one that is skipped less."""
    run = a_run(limits=replace(DEFAULT_LIMITS, wall_seconds=1))
    source = '#include <stdio.h>\nint main(void) { return puts("ran") < 0; }'
    assert ran(sandbox, "c", source, run, run, wall_seconds=1.02) == [b"ran\n", None]
    assert ran(sandbox, "c", source, run, run, wall_seconds=9) == [b"ran\n"] * 2
