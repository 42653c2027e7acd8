"""`podline run` and `podline watch`: exact output, exit codes, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import Result

from app.cli.program.language import language_of
from app.domain.artifact import LeftOut
from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.domain.report import Limit, Report, StageOutput
from app.infrastructure.memory.runtime import Script, exited
from app.service.cancel import cancel
from podline import Language, Outcome
from sandbox.languages import load
from tests.cli.conftest import Podline
from tests.support.answers import output, problem
from tests.support.builders import a_report
from tests.support.service import Service

HELLO = "print('hello')\n"


@pytest.fixture
def program(folder: Path) -> Path:
    program = folder / "main.py"
    program.write_text(HELLO)
    return program


def refused(_: Pod) -> Script:
    raise RunRefused("sandbox gone")


NOT_COMPILED = Script(
    ends=Report(compile=a_report(exit_code=1).run, runs=()),
    compile_output=StageOutput(stdout=b"", stderr=b"main.c:1: no\n"),
)


def stopped(by: Limit) -> Script:
    return Script(ends=a_report(exit_code=None, signal="SIGKILL", stopped_by=by))


@pytest.mark.parametrize(
    ("script", "exit_code", "said"),
    [
        (Script(), 0, ""),
        (Script(ends=exited(3)), 3, ""),
        (Script(ends=exited(255)), 255, ""),
        (Script(ends=exited(signal="SIGSEGV")), 139, "killed by SIGSEGV"),
        (refused, 119, "attempt 1: the runtime refused the pod: sandbox gone"),
        (NOT_COMPILED, 121, "main.c:1: no\npodline: the program does not compile"),
        (stopped(Limit.MEMORY), 122, "memory limit of 128 MiB (--memory-mib)"),
        (stopped(Limit.OUTPUT), 123, "output limit of 256 KiB (--output-kib)"),
        (stopped(Limit.CPU), 124, "CPU time limit of 5 s (--cpu-seconds)"),
    ],
)
def test_exit_codes(
    script: Script | Callable[[Pod], Script],
    exit_code: int,
    said: str,
    service: Service,
    podline: Podline,
    program: Path,
) -> None:
    service.twins.runtime.script = script if callable(script) else lambda _: script
    assert_ends(podline("run", program), exit_code, said)
    (execution,) = service.submitted()
    assert podline("watch", execution.id).exit_code == exit_code


def assert_ends(done: Result, exit_code: int, said: str) -> None:
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)
    assert done.stdout == ""


def test_the_exit_code_of_a_wrong_output(podline: Podline, program: Path) -> None:
    program.with_name("out").write_text("hello\n")
    done = podline("run", program, "--expected", program.with_name("out"))
    assert_ends(done, 120, "differs from the expected output")


def test_the_exit_code_of_what_was_cancelled(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    execution = service.twins.submit()
    cancel(service.twins.ports, execution)
    assert_ends(podline("watch", execution.id), 118, "was cancelled")


def test_the_exit_code_of_an_outcome_of_a_newer_service(
    service: Service, podline: Podline, program: Path
) -> None:
    kind, document = result_of(service, b"")
    service.stream_events = [
        (kind, document | {"outcome": "checker_error"}),
        ("end", {"state": "completed"}),
    ]
    done = podline("run", program)
    assert_ends(done, 125, "checker_error, which this version of podline doesn't know")


def test_every_outcome_has_its_exit_code() -> None:
    from app.cli.exit_codes import OF_OUTCOME

    assert OF_OUTCOME.keys() | {Outcome.RUNTIME_ERROR} == set(Outcome)
    assert len(set(OF_OUTCOME.values())) == len(OF_OUTCOME)


def test_output_is_passed_on_byte_for_byte(
    service: Service, podline: Podline, program: Path
) -> None:
    service.twins.runtime.script = lambda _: Script(
        prints="Grüße\r\n\0 no end".encode(), prints_errors=b"\x1b[1mbold\n"
    )
    done = podline("run", program)
    assert done.stdout_bytes == "Grüße\r\n\0 no end".encode()
    assert done.stderr_bytes == b"\x1b[1mbold\n"


def result_of(service: Service, content: bytes) -> tuple[str, dict[str, Any]]:
    """Return the event of an execution that ended with this output."""
    service.twins.runtime.script = lambda _: Script(prints=content)
    answer = httpx.get(
        f"{service.url}/api/v1/executions/{service.twins.submit().id}",
        headers={"Authorization": f"Bearer {service.key}"},
    )
    return "result", answer.json()


def test_what_was_not_seen_live_comes_from_the_result(
    service: Service, podline: Podline, program: Path
) -> None:
    service.stream_events = [
        ("stdout", output(b"ab", 0)),
        ("stdout", output(b"ef\xff", 4)),
        result_of(service, b"abcdef\xff"),
        ("end", {"state": "completed"}),
    ]
    assert podline("run", program).stdout_bytes == b"abcdef\xff"


def test_a_second_attempt_repeats_nothing(
    service: Service, podline: Podline, program: Path
) -> None:
    service.stream_events = [
        ("stdout", output(b"abc", 0, attempt=1)),
        ("stdout", output(b"ab", 0, attempt=2)),
        ("stdout", output(b"cde", 2, attempt=2)),
        result_of(service, b"abcde"),
        ("end", {"state": "completed"}),
    ]
    assert podline("run", program).stdout_bytes == b"abcde"


def test_a_second_attempt_that_prints_something_else_is_reported(
    service: Service, podline: Podline, program: Path
) -> None:
    service.stream_events = [
        ("stdout", output(b"random 1\n", 0, attempt=1)),
        result_of(service, b"random 2\n"),
        ("end", {"state": "completed"}),
    ]
    done = podline("run", program)
    assert done.stdout_bytes == b"random 1\nrandom 2\n"
    assert "an attempt was lost" in done.stderr


def sent(service: Service) -> Mapping[str, Any]:
    (request,) = service.asked("POST", "/api/v1/executions")
    body: Mapping[str, Any] = request["body"]
    return body


def test_the_language_is_that_of_the_suffix(
    service: Service, podline: Podline, folder: Path
) -> None:
    (folder / "prog.c").write_text("int main() {}")
    podline("run", "prog.c")
    assert sent(service) == {
        "language": "c",
        "files": [{"name": "prog.c", "content": "int main() {}", "encoding": "utf-8"}],
        "entrypoint": "prog.c",
        "args": [],
        "env": {},
        "labels": {},
        "limits": {},
    }


SUFFIXES = {
    "javascript": ".js .mjs .cjs",
    "typescript": ".ts .mts .cts",
    "cpp": ".cpp .cc .cxx",
    "r": ".R .r",
    "perl": ".pl",
}


@pytest.mark.parametrize(
    ("suffix", "name"), [(each, name) for name, all in SUFFIXES.items() for each in all.split()]
)
def test_every_suffix_of_a_language_names_it(suffix: str, name: str) -> None:
    for written in (suffix, suffix.upper()):
        assert language_of(Path(f"prog{written}"), offered()) == name


def test_every_language_is_offered_once() -> None:
    with pytest.raises(
        click.UsageError, match=r"--language \(bash, c, cpp, go, java, javascript, "
    ):
        language_of(Path("prog.xyz"), offered())


def offered() -> list[Language]:
    """Return every language, in two versions."""
    return [
        Language(
            name=spec.name,
            version=version,
            source_name=spec.source,
            compiled=True,
            suffixes=spec.suffixes,
        )
        for spec in load().values()
        for version in ("1", "2")
    ]


def test_a_suffix_that_says_nothing(podline: Podline, folder: Path) -> None:
    (folder / "prog.xyz").write_text("")
    done = podline("run", "prog.xyz")
    assert done.exit_code == 2
    assert "choose one with --language (bash, c, cpp, javascript, python)" in done.stderr


def test_all_that_can_be_said_of_a_program(
    service: Service, podline: Podline, folder: Path
) -> None:
    (folder / "src" / "lib").mkdir(parents=True)
    (folder / "src" / "main").write_text(HELLO)
    (folder / "src" / "lib" / "b.py").write_bytes(b"\xff")
    (folder / "data.txt").write_text("data")
    (folder / "in").write_text("stdin")
    (folder / "out").write_text("hello\n")
    podline(
        *("run", "src/main", "--language", "python", "--version", "3.11", "--priority", "low"),
        *("--file", "src/lib/b.py", "--file", "data.txt", "--stdin", "in", "--expected", "out"),
        *("--arg", "-x", "--arg", "", "--env", "A=b=c", "--label", "course=cs101"),
        *("--wall-seconds", "1.5", "--cpu-seconds", "1", "--memory-mib", "64"),
        *("--processes", "3", "--output-kib", "4", "--disk-mib", "5", "--stack-mib", "32"),
        *("--compile-wall-seconds", "20", "--compile-stack-mib", "8"),
        *("--compile-arg", "-O0", "--compile-arg=-g", "--buffering", "line", "--merge-streams"),
    )
    assert sent(service) == {
        "language": "python",
        "version": "3.11",
        "files": [
            {"name": "main", "content": HELLO, "encoding": "utf-8"},
            {"name": "lib/b.py", "content": "/w==", "encoding": "base64"},
            {"name": "data.txt", "content": "data", "encoding": "utf-8"},
        ],
        "entrypoint": "main",
        "stdin": "stdin",
        "args": ["-x", ""],
        "env": {"A": "b=c"},
        "limits": {
            "wall_seconds": 1.5,
            "cpu_seconds": 1.0,
            "memory_mib": 64,
            "processes": 3,
            "output_kib": 4,
            "disk_mib": 5,
            "stack_mib": 32,
        },
        "compile_limits": {"wall_seconds": 20.0, "stack_mib": 8},
        "compile_args": ["-O0", "-g"],
        "streams": "merged",
        "buffering": "line",
        "expected_output": "hello\n",
        "priority": "low",
        "labels": {"course": "cs101"},
    }


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "1e999", "many"])
def test_seconds_that_are_no_number(seconds: str, podline: Podline, program: Path) -> None:
    done = podline("run", program, f"--wall-seconds={seconds}", "--cpu-seconds", "1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert repr(seconds) in done.stderr


@pytest.mark.parametrize("args", [("--stdin", "/dev/zero"), ("--file", "/dev/zero")])
def test_a_file_without_an_end(args: tuple[str, ...], podline: Podline, program: Path) -> None:
    done = podline("run", program, *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "/dev/zero is larger than any service accepts" in done.stderr


def test_two_files_of_one_name(podline: Podline, folder: Path, program: Path) -> None:
    (folder.parent / "main.py").write_text("")
    done = podline("run", program, "--file", folder.parent / "main.py")
    assert done.exit_code == 2
    assert "would have the same name, main.py" in done.stderr


def test_json_is_the_execution_and_nothing_else(
    service: Service, podline: Podline, program: Path
) -> None:
    service.twins.runtime.script = lambda _: Script(
        prints="ö".encode(), ends=a_report(stopped_by=Limit.CPU)
    )
    done = podline("run", program, "--json")
    assert done.exit_code == 124
    shown = json.loads(done.stdout)
    assert shown["result"]["stdout"] == "ö"
    assert shown["created_at"] == "2026-01-02T02:54:05.678901Z"
    assert done.stderr == ""


def test_a_refusal_differs_from_the_programs_own_exit_code(
    service: Service, podline: Podline, program: Path
) -> None:
    service.incidents = [
        problem(422, "Invalid", errors=[{"pointer": "/language", "detail": "is not available"}])
    ]
    done = podline("run", program, "--language", "cobol")
    assert done.exit_code == 125
    assert done.stderr == "podline: Invalid: /language: is not available\n"


def test_a_stream_that_is_lost_leaves_the_execution(
    service: Service, podline: Podline, program: Path
) -> None:
    service.stream_cuts = [2] + [0] * 100
    done = podline("run", program)
    assert done.exit_code == 125
    assert f"`podline watch {service.submitted()[0].id}`" in done.stderr


@pytest.mark.usefixtures("podline")
def test_ctrl_c_cancels(service: Service, program: Path) -> None:
    service.stream_events = []
    service.holds_streams = True
    service.runs_nothing()
    command = [sys.executable, "-c", "from app.cli import main; main()", "run", str(program)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment()) as running:
        assert service.streaming.wait(60)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    (execution,) = service.submitted()
    assert execution.state == "cancelled"
    assert said.decode() == f"podline: execution {execution.id} was cancelled\n"


@pytest.mark.usefixtures("podline")
def test_output_that_nobody_reads_cancels(service: Service, program: Path) -> None:
    service.stream_events = [("stdout", output(b"y\n", 0))]
    service.holds_streams = True
    service.runs_nothing()
    command = [sys.executable, "-c", "from app.cli import main; main()", "run", str(program)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment())
    os.close(writer)
    (execution,) = service.submitted()
    assert (done.returncode, execution.state) == (141, "cancelled")


def test_an_argument_that_is_not_utf8(podline: Podline, program: Path) -> None:
    done = podline("run", program, "--arg", os.fsdecode(b"\xff"))
    assert (done.exit_code, done.stdout) == (125, "")
    assert "UTF-8" in done.stderr


def environment() -> dict[str, str]:
    """The environment of a process that finds this code from any folder."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


class TestArtifacts:
    def test_are_saved(self, podline: Podline, program: Path, service: Service) -> None:
        service.twins.runtime.script = lambda _: Script(
            creates={"out/a.png": b"\x89", "b": b"1"},
            leaves_out=(LeftOut("c\x1b", "too large"), LeftOut(None, "2 more files")),
            ends=exited(3),
        )
        ran = podline("run", program, "--artifact", "out/", "--artifact", "b", "--save", "new")
        assert ran.exit_code == 3
        assert ran.stderr.splitlines() == [
            r"podline: not kept: c\x1b: too large",
            "podline: not kept: 2 more files",
        ]
        assert Path("new/out/a.png").read_bytes() == b"\x89"
        assert Path("new/b").read_bytes() == b"1"

    def test_are_listed(self, podline: Podline, service: Service) -> None:
        service.twins.runtime.script = lambda _: Script(
            creates={"out/a.png": b"\x89", "b": b"12"},
            leaves_out=(LeftOut("c\x1b", "too large"), LeftOut(None, "2 more files")),
        )
        execution = service.twins.submit(artifacts=("*",))
        facts = [line.rstrip() for line in podline("get", execution.id).stdout.splitlines()]
        assert [line.split(maxsplit=1)[1] for line in facts if line.startswith("artifact ")] == [
            "b, 2 bytes",
            "out/a.png, 1 bytes",
        ]
        assert [line.split(maxsplit=2)[2] for line in facts if line.startswith("not kept ")] == [
            r"c\x1b: too large",
            "2 more files",
        ]

    def test_need_a_pattern(self, podline: Podline, program: Path) -> None:
        ran = podline("run", program, "--save", "new")
        assert ran.exit_code == 2
        assert "--save needs --artifact" in ran.stderr
        assert not Path("new").exists()

    def test_that_can_not_be_written(
        self, podline: Podline, program: Path, service: Service
    ) -> None:
        service.twins.runtime.script = lambda _: Script(creates={"main.py/a": b""})
        ran = podline("run", program, "--artifact", "*", "--save", ".")
        assert ran.exit_code == 125
        assert "main.py" in ran.stderr
