"""Programs that run in every runtime: shell scripts, and what the in-memory twin makes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.domain.pod import Pod, Run
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.infrastructure.memory.runtime import Script, exited


@dataclass(frozen=True)
class Program:
    """The same program for all."""

    source: str
    script: Script | Callable[[Pod], Script]


def printing(text: Callable[[Pod, Run], bytes]) -> Callable[[Pod], Script]:
    """Each run prints this and exits with 0."""

    def script(pod: Pod) -> Script:
        return Script(
            outputs=tuple(StageOutput(stdout=text(pod, run), stderr=b"") for run in pod.runs)
        )

    return script


def ending(end: Callable[[Run], StageReport]) -> Callable[[Pod], Script]:
    """Each run ends like this and prints its input."""

    def script(pod: Pod) -> Script:
        report = Report(compile=None, runs=tuple(map(end, pod.runs)))
        return replace(printing(lambda _, run: run.stdin)(pod), ends=report)

    return script


def a_stage(wall_us: int = 1_000, **facts: object) -> StageReport:
    run = exited().run
    assert run
    return replace(run, wall_us=wall_us, **facts)  # type: ignore[arg-type]  # names of its fields


def shown(pod: Pod, run: Run) -> bytes:
    files = {file.name: file.content for file in (*pod.files, *run.files)}
    arg, value = next(iter(run.args), ""), run.env.get("A", "")
    return f"{arg} {value}\n".encode() + files.get("own", b"")


_ENDS: Mapping[bytes, StageReport] = {
    b"memory\n": a_stage(exit_code=None, signal="SIGKILL", stopped_by=Limit.MEMORY),
    b"time\n": a_stage(exit_code=None, signal="SIGKILL", stopped_by=Limit.WALL),
    b"fail\n": a_stage(exit_code=3),
    b"abort\n": a_stage(exit_code=None, signal="SIGABRT"),
}

HELLO = Program("echo hello", Script(prints=b"hello\n"))
SILENT = Program("true", Script())
FAILS = Program("exit 3", Script(ends=exited(3)))
ABORTS = Program("kill -ABRT $$", Script(ends=exited(signal="SIGABRT")))
RUNS_ON = Program("echo begun; sleep 60", Script(prints=b"begun\n", ends=None))
COMPILES = Program(
    "int main(void) { return 0; }",
    Script(
        ends=Report(compile=exited().run, runs=()),
        compile_output=StageOutput(stdout=b"", stderr=b""),
    ),
)
"""In C, with arguments that make the compiler put no program where one is looked for."""
BROKEN = Program(
    "int main(void) { return x; }",
    Script(
        ends=Report(compile=exited(1).run, runs=()),
        compile_output=StageOutput(stdout=b"", stderr=b"main.c:1: x undeclared\n"),
    ),
)
"""In C."""
CATS = Program("cat", printing(lambda _, run: run.stdin))
SHOWS = Program('echo "$1 $A"; cat own 2>/dev/null; exit 0', printing(shown))
SLEEPS = Program("sleep 0.3", ending(lambda _: a_stage(wall_us=300_000)))
ENDS = Program(
    """
    read -r how
    echo "$how"
    case $how in
        memory) exec tail /dev/zero ;;
        time) exec sleep 60 ;;
        fail) exit 3 ;;
        abort) kill -ABRT $$ ;;
    esac
    """,
    ending(lambda run: _ENDS.get(run.stdin, a_stage())),
)
CREATES = Program(
    "mkdir out; echo 1 > out/a.txt; : > b; exit 3",
    Script(ends=exited(3), creates={"b": b"", "out/a.txt": b"1\n"}),
)
STAYS = Program('read -r how; echo "$how"; test $how = go || sleep 60', Script(ends=None))
"""Its runs end if their input is `go`."""
PROGRAMS = {
    program.source.encode(): program
    for program in (
        *(HELLO, SILENT, FAILS, ABORTS, RUNS_ON, COMPILES, BROKEN),
        *(CATS, SHOWS, SLEEPS, ENDS, STAYS, CREATES),
    )
}


def scripted(pod: Pod) -> Script:
    script = PROGRAMS[pod.files[0].content].script
    return script if isinstance(script, Script) else script(pod)
