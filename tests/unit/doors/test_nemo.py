"""What a client of NeMo Skills' sandbox sends and receives, translated without a server."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.bounds import prune
from app.api.doors.sandboxfusion.nemo.request import (
    CELLS,
    BadBody,
    Execute,
    Reply,
    Translated,
    cells_of,
    read,
    translated,
)
from app.api.doors.sandboxfusion.nemo.response import executed
from app.api.submission import form
from app.api.submission.rules import validate
from app.api.validation import read as read_form
from app.domain.api_key import Role
from app.domain.errors import InvalidRequest
from app.domain.execution import State
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.problems import Problems
from app.domain.report import Limit, Output, Report, StageOutput
from app.domain.result import Result
from app.domain.submission import File, Submission
from tests.support.builders import a_submission, an_execution
from tests.unit.doors.test_sandboxfusion import JSON, a_stage

POLICY = Policy()
PYTHON = Language(name="python", version="3.12", source_name="main.py", compiled=False)
BASH = Language(name="bash", version="5.2", source_name="main.sh", compiled=False)
LANGUAGES = [PYTHON, BASH]
BODY: dict[str, Any] = {
    "generated_code": "x = 1\nx",
    "std_input": "",
    "timeout": 10.0,
    "language": "ipython",
    "max_output_characters": 1000,
    "traceback_verbosity": "Plain",
}


def translate(*earlier: str, **body: Any) -> Translated:
    return translated(read(BODY | body), LANGUAGES, POLICY, earlier)


def accepted(found: Translated) -> Submission:
    """By the rules of our own API. Raises InvalidRequest."""
    problems = Problems()
    prune(problems, form.Submission, found.sent, POLICY.input)
    sent = read_form(form.Submission, found.sent, problems)
    return validate(sent, POLICY, LANGUAGES, Role.USER)


def cells(submission: Submission) -> object:
    runner, (name, content) = (
        submission.files[0],
        (submission.files[1].name, submission.files[1].content),
    )
    assert (submission.entrypoint, runner.name, name) == ("main.py", "main.py", "cells.json")
    return json.loads(content)


def test_a_cell_is_run_by_a_program_beside_it() -> None:
    found = translate()
    submission = accepted(found)
    assert submission.language == "python"
    assert cells(submission) == ["x = 1\nx"]
    assert submission.limits.wall_seconds == 10
    assert found.seconds == 10 + 5 - 1
    assert found.reply == Reply("ipython", 10, 1000, new_session=True)


def test_a_cell_comes_after_the_earlier_ones_and_gets_time_for_them() -> None:
    found = translate("a = 1", "b = 2")
    submission = accepted(found)
    assert cells(submission) == ["a = 1", "b = 2", "x = 1\nx"]
    assert submission.limits.wall_seconds == 13
    assert found.reply == Reply("ipython", 10, 1000, new_session=False)


def test_no_limit_exceeds_the_maximum() -> None:
    assert accepted(translate("a", timeout=60)).limits.wall_seconds == 60


TRICKY = "'\"\\\t\x00\x1f\x7f\x85\u2028é😀{N}"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(TRICKY))))
def test_python_reads_the_cells_that_the_door_writes(texts: list[str]) -> None:
    """Their runner has no time to import a parser."""
    *earlier, last = [*texts, ""]
    found = translated(Execute(generated_code=last), LANGUAGES, POLICY, earlier)
    (content,) = (file["content"] for file in found.sent["files"] if file["name"] == CELLS)
    assert eval(content) == [*earlier, last]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("python", "python"), ("python3", "python"), ("shell", "bash")]
)
def test_other_languages_have_no_session(theirs: str, ours: str) -> None:
    submission = accepted(translate(language=theirs, std_input="1"))
    assert submission.language == ours
    assert [file.content for file in submission.files] == [b"x = 1\nx"]
    assert submission.stdin == b"1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"generated_code": 5}, "generated_code: Input should be a valid string"),
        ({"timeout": "soon"}, "timeout: Input should be a valid number"),
        (
            {"language": "lean4"},
            "lean4 is not available here: choose one of ipython, python, python3",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(body: dict[str, Any], said: str) -> None:
    with pytest.raises(BadBody, match=said):
        translate(**body)


@given(JSON | JSON.map(lambda value: BODY | {"timeout": value, "max_output_characters": value}))
def test_any_json_becomes_a_submission_or_an_error(body: object) -> None:
    try:
        accepted(translated(read(body), LANGUAGES, POLICY))
    except (BadBody, InvalidRequest):
        return


def responded(
    language: str = "ipython", stdout: bytes = b"", stderr: bytes = b"", **facts: Any
) -> dict[str, Any]:
    execution = replace(an_execution(), state=State.COMPLETED)
    result = Result(
        id="1-1",
        execution_id="1",
        report=Report(compile=None, runs=(a_stage(**facts),)),
        output=Output(compile=None, runs=(StageOutput(stdout=stdout, stderr=stderr),)),
    )
    return executed(execution, result, Reply(language, 10.0, 10, new_session=False))


@pytest.mark.parametrize(
    ("language", "status"), [("ipython", "error"), ("shell", "error"), ("python", "completed")]
)
def test_a_program_that_fails_by_itself(language: str, status: str) -> None:
    assert responded(language, exit_code=1)["process_status"] == status


def test_a_cell_that_succeeds() -> None:
    assert responded(stdout=b"1\n") == {
        "process_status": "completed",
        "stdout": "1\n",
        "stderr": "",
        "new_session_created": False,
    }


def test_long_output_is_cut() -> None:
    found = responded("python", stdout=b"0123456789", stderr=b"0123456789!")
    assert found["stdout"] == "0123456789"
    assert found["stderr"] == "0123456789<output cut>"
    assert "new_session_created" not in found


def test_a_time_out_keeps_what_was_printed() -> None:
    stopped = {"exit_code": None, "signal": "SIGKILL", "stopped_by": Limit.WALL}
    execution = replace(an_execution(), state=State.COMPLETED)
    result = Result(
        id="1-1",
        execution_id="1",
        report=Report(compile=None, runs=(a_stage(**stopped),)),
        output=Output(compile=None, runs=(StageOutput(stdout=b"partial", stderr=b"e\n"),)),
    )
    found = executed(execution, result, Reply("python", 10.0, 1000))
    assert found["process_status"] == "timeout"
    assert found["stdout"] == "partial"
    assert found["stderr"] == "e\nExecution timed out after 10.0 seconds\n"


@pytest.mark.parametrize(
    ("limit", "status"), [(Limit.CPU, "timeout"), (Limit.MEMORY, "error"), (Limit.OUTPUT, "error")]
)
def test_a_limit_is_named(limit: Limit, status: str) -> None:
    found = responded("python", exit_code=None, signal="SIGKILL", stopped_by=limit)
    assert found["process_status"] == status
    assert found["stderr"].startswith("The progra")


def test_what_was_not_run_is_an_error() -> None:
    execution = replace(an_execution(), state=State.FAILED, message="no host")
    assert executed(execution, None, Reply("python", 10.0, 1000)) == {
        "process_status": "error",
        "stdout": "",
        "stderr": "no host\n",
    }


@pytest.mark.parametrize(
    ("files", "cells"),
    [
        ((), []),
        ((File("main.py", b""),), []),
        ((File("main.py", b""), File("cells.json", b'["a", "b"]')), ["a", "b"]),
    ],
)
def test_a_notebook_has_the_cells_of_its_last_submission(
    files: tuple[File, ...], cells: list[str]
) -> None:
    assert cells_of(a_submission(files=files)) == cells
