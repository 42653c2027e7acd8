"""`podline judge`: the tests in a folder, the table, and the exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from app.domain.pod import Pod
from app.domain.report import Report, StageOutput
from app.infrastructure.memory.runtime import Script, exited
from tests.support.service import Service

Podline = Callable[..., Result]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.fixture
def program(folder: Path) -> Path:
    return write(folder, {"main.py": "print(input())"}) / "main.py"


def echo(pod: Pod) -> Script:
    """Prints its input, as the program would."""
    outputs = tuple(StageOutput(stdout=run.stdin, stderr=b"") for run in pod.runs)
    return Script(outputs=outputs, prints=outputs[0].stdout)


FLAT = {"1.in": "1", "1.out": "1\n", "2.in": "2", "2.ans": "2", "10.in": "10", "10.out": "10"}


def test_all_pass(podline: Podline, service: Service, program: Path, folder: Path) -> None:
    service.twins.runtime.script = echo
    result = podline("judge", program, write(folder / "tests", FLAT))
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["TEST", "VERDICT", "TIME", "MEMORY", "POINTS", "MESSAGE"]
    assert [line[:2] for line in lines[1:4]] == [[n, "success"] for n in ("1", "2", "10")]
    assert lines[1][2:6] == ["1", "ms", "1.0", "MiB"]
    assert result.stdout.endswith("success: 3 of 3 tests passed, 3 of 3 points\n")


def test_one_fails(podline: Podline, service: Service, program: Path, folder: Path) -> None:
    service.twins.runtime.script = echo
    tests = write(folder / "tests", FLAT | {"2.ans": "3"})
    result = podline("judge", program, tests)
    assert result.exit_code == 1
    assert "wrong_output: 2 of 3 tests passed, 2 of 3 points" in result.stdout
    stopped = podline("judge", program, tests, "--stop-on-failure")
    assert stopped.exit_code == 1
    assert "skipped" in stopped.stdout


def test_how_each_test_ends_while_others_run(
    podline: Podline, service: Service, program: Path, folder: Path
) -> None:
    ends = Report(compile=None, runs=(*exited().runs, *exited(signal="SIGSEGV").runs))
    service.twins.runtime.script = lambda _: Script(ends=ends)
    tests = write(folder / "tests", FLAT)
    followed = podline("judge", program, tests, "--follow", "--stop-on-failure")
    assert followed.stderr.splitlines() == [
        "1: exit code 0, 1 ms",
        "2: SIGSEGV, 1 ms",
        "10: skipped",
    ]
    assert followed.stdout.startswith("TEST ")
    assert podline("judge", program, tests).stderr == ""


def test_numbers(podline: Podline, service: Service, program: Path, folder: Path) -> None:
    service.twins.runtime.script = echo
    tests = write(folder / "tests", {"1.in": "0.30000001", "1.out": "0.3"})
    assert podline("judge", program, tests).exit_code == 1
    assert podline("judge", program, tests, "--compare", "numbers:1e-6").exit_code == 0
    wrong = podline("judge", program, tests, "--compare", "roughly")
    assert wrong.exit_code == 2
    assert (
        "'roughly' is not one of exact, lines, tokens and numbers:BOUND, such as numbers:1e-9"
        in wrong.stderr
    )


def test_a_checker_with_its_header(
    podline: Podline, service: Service, program: Path, folder: Path
) -> None:
    pods: list[Pod] = []

    def script(pod: Pod) -> Script:
        pods.append(pod)
        return (
            Script(ends=exited(1), prints_errors=b"expected\n2") if "-c" in pod.name else echo(pod)
        )

    service.twins.runtime.script = script
    write(folder, {"check/check.cpp": "int main;", "check/testlib.h": "// testlib"})
    tests = write(folder / "tests", {"1.in": "1", "1.out": "2"})
    result = podline("judge", program, tests, "--checker", folder / "check" / "check.cpp")
    assert result.exit_code == 1
    assert "expected 2" in result.stdout
    assert {file.name for file in pods[1].files} == {"check.cpp", "testlib.h"}


def test_a_program_that_does_not_compile(
    podline: Podline, service: Service, program: Path, folder: Path
) -> None:
    failed = exited(1).run
    compiled = StageOutput(stdout=b"", stderr=b"main.c: expected ;\n")
    service.twins.runtime.script = lambda _: Script(
        ends=Report(compile=failed, runs=()), compile_output=compiled
    )
    result = podline("judge", program, write(folder / "tests", FLAT))
    assert result.exit_code == 1
    assert result.stdout == (
        "main.c: expected ;\ncompile_error: 0 of 0 tests passed, 0 of 3 points\n"
    )


def test_json_is_the_execution(
    podline: Podline, service: Service, program: Path, folder: Path
) -> None:
    service.twins.runtime.script = echo
    result = podline("judge", program, write(folder / "tests", FLAT), "--json")
    assert result.exit_code == 0
    tests = json.loads(result.stdout)["result"]["tests"]
    assert [(test["name"], test["outcome"], test["stdout_bytes"]) for test in tests] == [
        ("1", "success", 0),
        ("2", "success", 0),
        ("10", "success", 0),
    ]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"readme": ""}, "has no tests"),
        ({"1.in": ""}, "1.in has no expected output: add 1.out or .ans"),
        ({"input/1": "", "output/2": ""}, "has no expected output in"),
    ],
)
def test_a_folder_without_tests(
    podline: Podline, program: Path, folder: Path, files: dict[str, str], says: str
) -> None:
    result = podline("judge", program, write(folder / "tests", files))
    assert result.exit_code == 125
    assert says in result.stderr
