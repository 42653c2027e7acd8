"""A submission as Judge0 shows it: statuses, and the form of each attribute."""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from app.api.doors.judge0 import archive
from app.api.doors.judge0.attributes import Attributes
from app.api.doors.judge0.encoding import NotText
from app.api.doors.judge0.languages import Kind
from app.api.doors.judge0.program import translated
from app.api.doors.judge0.scripts import COMPILE_FAILED, COMPILE_OUTPUT, STARTS
from app.api.doors.judge0.statuses import DESCRIPTIONS
from app.api.doors.judge0.submission import DEFAULT, FIELDS, Shown, attributes_of
from app.domain.execution import Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.policy import Policy
from app.domain.report import Limit, Output, Report, StageOutput, StageReport
from app.domain.result import Result
from app.domain.submission import ExpectedOutput, File
from tests.support.builders import a_report, a_result, a_submission, an_execution
from tests.unit.doors.test_judge0_attributes import HELLO, OFFERED

ATTRIBUTES: Final = translated(
    HELLO, OFFERED, Policy(), archive.Room(10**6), base64=False
).attributes


def completed(outcome: Outcome = Outcome.SUCCESS, **facts: Any) -> Execution:
    row = an_execution(state=State.COMPLETED, outcome=outcome, attempt=1, **facts)
    return replace(row, ended_at=row.created_at + 2_345_678)


def shown(
    execution: Execution,
    result: Result | None = None,
    *,
    attributes: Attributes = ATTRIBUTES,
    base64: bool = False,
    **facts: Any,
) -> dict[str, Any]:
    language = OFFERED[attributes.language_id].name
    one = Shown(
        execution=execution,
        result=result,
        attributes=attributes,
        language=language,
        base64=base64,
        **facts,
    )
    return one.fields(FIELDS)


def ended(outcome: Outcome, **report: Any) -> dict[str, Any]:
    row = completed(outcome)
    return shown(row, a_result(row, report=a_report(**report)))


class TestStatus:
    @pytest.mark.parametrize(
        ("outcome", "report", "status", "code", "signal", "message"),
        [
            (Outcome.SUCCESS, {}, 3, 0, None, None),
            (Outcome.WRONG_OUTPUT, {}, 4, 0, None, None),
            (Outcome.CHECKER_ERROR, {}, 13, 0, None, None),
            (
                Outcome.TIME_LIMIT,
                {"stopped_by": Limit.CPU, "exit_code": None, "signal": "SIGKILL"},
                *(5, 0, None, "Time limit exceeded"),
            ),
            (
                Outcome.TIME_LIMIT,
                {"stopped_by": Limit.WALL, "exit_code": None, "signal": "SIGKILL"},
                *(5, 0, None, "Time limit exceeded (wall clock)"),
            ),
            (Outcome.SUCCESS, {"cpu_us": 5_000_001}, 5, 0, None, "Time limit exceeded"),
            (Outcome.SUCCESS, {"cpu_us": 5_000_000}, 3, 0, None, None),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGSEGV"},
                *(7, 0, 11, "Caught fatal signal 11"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGXFSZ"},
                *(8, 0, 25, "Caught fatal signal 25"),
            ),
            (
                Outcome.OUTPUT_LIMIT,
                {"stopped_by": Limit.OUTPUT, "exit_code": None, "signal": "SIGKILL"},
                *(8, 0, 25, "Caught fatal signal 25"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGFPE"},
                *(9, 0, 8, "Caught fatal signal 8"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGABRT"},
                *(10, 0, 6, "Caught fatal signal 6"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": 7},
                *(11, 7, None, "Exited with error status 7"),
            ),
            (
                Outcome.MEMORY_LIMIT,
                {"stopped_by": Limit.MEMORY, "exit_code": None, "signal": "SIGKILL"},
                *(11, 137, None, "Exited with error status 137"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGTERM"},
                *(12, 0, 15, "Caught fatal signal 15"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGRTMIN+3"},
                *(12, 0, 37, "Caught fatal signal 37"),
            ),
            (
                Outcome.RUNTIME_ERROR,
                {"exit_code": None, "signal": "SIGNEW"},
                *(12, 0, None, "Caught fatal signal SIGNEW"),
            ),
        ],
    )
    def test_of_a_program_that_ran(
        self,
        outcome: Outcome,
        report: dict[str, Any],
        status: int,
        code: int,
        signal: int | None,
        message: str | None,
    ) -> None:
        found = ended(outcome, **report)
        assert (found["status_id"], found["exit_code"]) == (status, code)
        assert (found["exit_signal"], found["message"]) == (signal, message)
        assert found["status"] == {"id": status, "description": DESCRIPTIONS[status]}

    @pytest.mark.parametrize("state", list(State))
    def test_before_and_without_a_verdict(self, state: State) -> None:
        found = shown(an_execution(state=state, message="no host"))
        expected = {State.QUEUED: 1, State.FAILED: 13, State.CANCELLED: 13, State.COMPLETED: 6}
        assert found["status_id"] == expected.get(state, 2)
        for name in ("stdout", "stderr", "time", "memory", "wall_time", "exit_code"):
            assert found[name] is None
        assert found["post_execution_filesystem"] in (None, "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")
        assert (found["message"] == "no host") == (found["status_id"] == 13)

    def test_of_a_cancelled_one_says_so(self) -> None:
        assert shown(an_execution(state=State.CANCELLED))["message"] == (
            "The execution was cancelled"
        )


def compiled(message: str | None = None, **facts: Any) -> dict[str, Any]:
    row = completed(Outcome.COMPILE_ERROR, message=message)
    stage = {"exit_code": 1, "signal": None, "wall_us": 1, "cpu_us": 1, "memory_peak_kib": 1}
    printed = facts.pop("printed", StageOutput(stdout=b"a", stderr=b"b"))
    report = Report(compile=StageReport(**stage | facts), runs=())
    return shown(row, a_result(row, report=report, output=Output(compile=printed, runs=())))


class TestCompileError:
    def test_has_what_the_compiler_printed(self) -> None:
        found = compiled()
        assert (found["status_id"], found["compile_output"]) == (6, "ab")
        for name in ("stdout", "stderr", "time", "memory", "exit_code", "exit_signal", "message"):
            assert found[name] is None

    def test_after_a_limit(self) -> None:
        found = compiled(exit_code=None, signal="SIGKILL", stopped_by=Limit.CPU)
        assert found["compile_output"] == "Compilation time limit exceeded."

    def test_without_a_word_of_the_compiler(self) -> None:
        silent = StageOutput(stdout=b"", stderr=b"")
        found = compiled(message="no program", printed=silent, exit_code=0)
        assert found["compile_output"] == "no program"

    def test_warnings_of_a_successful_compiler_are_kept(self) -> None:
        row = completed()
        stage = StageReport(exit_code=0, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1)
        result = a_result(row)
        report = replace(result.report, compile=stage)
        output = replace(result.output, compile=StageOutput(stdout=b"", stderr=b"warning"))
        found = shown(row, replace(result, report=report, output=output))
        assert (found["status_id"], found["compile_output"]) == (3, "warning")
        assert shown(row, a_result(row))["compile_output"] is None


class TestSeveralRuns:
    def runs(self, *outcomes: Outcome | None, outcome: Outcome = Outcome.SUCCESS) -> dict[str, Any]:
        row = completed(outcome, tests=len(outcomes))
        reports = [
            None if outcome is None else a_report(cpu_us=1_000 * index, wall_us=2_000 * index,
                memory_peak_kib=100 * index).runs[0]
            for index, outcome in enumerate(outcomes, 1)
        ]  # fmt: skip
        printed = [
            StageOutput(stdout=str(index).encode(), stderr=b"") if outcome else None
            for index, outcome in enumerate(outcomes, 1)
        ]
        tests = [JudgedTest(name=f"{n}", outcome=o, points=0) for n, o in enumerate(outcomes)]
        result = a_result(
            row,
            report=Report(compile=None, runs=tuple(reports)),
            output=Output(compile=None, runs=tuple(printed)),
            tests=tuple(tests),
        )
        return shown(row, result, attributes=replace(ATTRIBUTES, number_of_runs=len(outcomes)))

    def test_times_and_memory_are_averages_and_the_rest_is_of_the_last(self) -> None:
        found = self.runs(Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS)
        assert (found["time"], found["wall_time"], found["memory"]) == ("0.002", "0.004", 200)
        assert (found["stdout"], found["status_id"], found["number_of_runs"]) == ("3", 3, 3)

    def test_of_which_some_had_no_time(self) -> None:
        found = self.runs(Outcome.SUCCESS, None, outcome=Outcome.TIME_LIMIT)
        assert (found["status_id"], found["message"]) == (5, "Time limit exceeded (wall clock)")

    def test_of_which_one_failed(self) -> None:
        found = self.runs(Outcome.SUCCESS, Outcome.WRONG_OUTPUT, None)
        assert (found["stdout"], found["status_id"], found["time"]) == ("2", 4, "0.002")


class TestForm:
    def test_of_decimals_and_times(self) -> None:
        row = completed()
        found = shown(row, a_result(row))
        assert (found["time"], found["wall_time"], found["memory"]) == ("0.018", "0.023", 9216)
        assert (found["cpu_time_limit"], found["cpu_extra_time"]) == ("5.0", "1.0")
        assert found["created_at"] == "2026-01-02T02:54:05.678Z"
        assert found["finished_at"] == "2026-01-02T02:54:08.024Z"
        assert re.fullmatch(r"[0-9a-f-]{36}", found["token"])

    def test_time_without_a_measurement_is_wall_time(self) -> None:
        assert ended(Outcome.SUCCESS, cpu_us=None, memory_peak_kib=None)["time"] == "0.023"
        assert ended(Outcome.SUCCESS, memory_peak_kib=None)["memory"] is None

    def test_of_texts_in_base64(self) -> None:
        row = completed(Outcome.RUNTIME_ERROR)
        found = shown(row, a_result(row, report=a_report(exit_code=1)), base64=True)
        assert b64decode(found["stdout"]) == b"hello\n"
        assert b64decode(found["message"]) == b"Exited with error status 1"
        assert found["stderr"] is None

    def test_of_bytes_that_are_no_text(self) -> None:
        row = completed()
        output = Output(compile=None, runs=(StageOutput(stdout=b"\xff", stderr=b""),))
        with pytest.raises(NotText):
            shown(row, a_result(row, output=output))
        one = shown(row, a_result(row, output=output), base64=True)
        assert b64decode(one["stdout"]) == b"\xff"

    def test_default_fields(self) -> None:
        assert set(DEFAULT) == {
            *("token", "time", "memory", "stdout", "stderr", "compile_output", "message"),
            "status",
        }


def names_in(text: str) -> list[str]:
    return [
        file.name for file in archive.files_in(b64decode(text), Policy().input, archive.Room(10**6))
    ]


class TestContents:
    def contents(self, attributes: Attributes = ATTRIBUTES, **facts: Any) -> dict[str, Any]:
        row = completed()
        submission = a_submission(**facts)
        return shown(
            row,
            a_result(row),
            attributes=attributes,
            program=lambda: submission,
            artifacts=lambda: [File("out.txt", b"1"), File(".podline.x", b"")],
        )

    def test_are_what_was_sent(self) -> None:
        files = (File("main.py", b"print(1)"), File("data/a", b"1"))
        expected = ExpectedOutput(b"1\n")
        found = self.contents(files=files, stdin=b"in", expected_output=expected)
        assert (found["source_code"], found["stdin"]) == ("print(1)", "in")
        assert found["expected_output"] == "1\n"
        assert names_in(found["additional_files"]) == ["data/a"]
        assert names_in(found["post_execution_filesystem"]) == ["main.py", "out.txt"]

    def test_without_more_files(self) -> None:
        found = self.contents()
        assert found["additional_files"] is found["stdin"] is found["expected_output"] is None

    def test_of_a_binary(self) -> None:
        files = (*STARTS[Kind.BINARY], File("a.out", b"ELF"))
        binary = replace(ATTRIBUTES, language_id=44)
        found = self.contents(binary, files=files, entrypoint=files[0].name)
        assert (found["source_code"], found["additional_files"]) == ("ELF", None)

    def test_of_a_multi_file_program(self) -> None:
        files = (*STARTS[Kind.SCRIPTS], File("run", b"echo"))
        scripts = replace(ATTRIBUTES, language_id=89)
        found = self.contents(scripts, files=files, entrypoint=files[0].name)
        assert found["source_code"] is None
        assert names_in(found["additional_files"]) == ["run"]
        assert found["language"] == {"id": 89, "name": "Multi-file program"}


class TestScriptsThatCompile:
    def of(self, files: Sequence[File]) -> dict[str, Any]:
        row = completed(Outcome.RUNTIME_ERROR)
        result = a_result(row, report=a_report(exit_code=1))
        scripts = replace(ATTRIBUTES, language_id=89)
        return shown(row, result, attributes=scripts, artifacts=lambda: files)

    def test_and_fail(self) -> None:
        found = self.of([File(COMPILE_FAILED, b""), File(COMPILE_OUTPUT, b"error")])
        assert (found["status_id"], found["compile_output"]) == (6, "error")
        assert found["stderr"] is found["exit_code"] is None

    def test_and_take_their_time(self) -> None:
        row = completed()
        scripts = replace(ATTRIBUTES, language_id=89)
        slow = a_result(row, report=a_report(cpu_us=7_000_000))
        assert shown(row, slow, attributes=scripts)["status_id"] == 3

    def test_and_succeed(self) -> None:
        found = self.of([File(COMPILE_OUTPUT, b"warning")])
        assert (found["status_id"], found["compile_output"]) == (11, "warning")


def test_a_submission_that_came_another_way() -> None:
    row = completed()
    found = attributes_of(row, 71)
    assert (found.language_id, found.memory_limit, found.number_of_runs) == (71, 128 * 1024, 1)
    remembered = replace(row, door_data=ATTRIBUTES.to_json())
    assert attributes_of(remembered, 0) == ATTRIBUTES
