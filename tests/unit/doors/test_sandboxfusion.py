"""What a client of SandboxFusion sends and receives, translated without a server."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.bounds import prune
from app.api.doors.sandboxfusion.clamps import deadline
from app.api.doors.sandboxfusion.errors import Detail, InvalidBody, failed
from app.api.doors.sandboxfusion.fetching import inside, left_out, pattern
from app.api.doors.sandboxfusion.names import called, offered
from app.api.doors.sandboxfusion.request import Translated, translated
from app.api.doors.sandboxfusion.response import not_run, ran
from app.api.problems import Problem
from app.api.submission import form
from app.api.submission.rules import validate
from app.api.validation import read
from app.domain.api_key import Role
from app.domain.artifact import LeftOut
from app.domain.errors import InvalidRequest
from app.domain.execution import State
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.problems import Problems
from app.domain.report import Limit, Output, Report, StageOutput, StageReport
from app.domain.result import Result
from app.domain.submission import Submission
from sandbox.artifacts.patterns import Patterns
from tests.support.builders import an_execution

POLICY = Policy()
OLD = Language(name="python", version="3.9.2", source_name="main.py", compiled=False)
PYTHON = replace(OLD, version="3.12.1")
NODE = Language(name="javascript", version="22.1.0", source_name="main.js", compiled=False)
CPP = Language(name="cpp", version="12.2.0", source_name="main.cpp", compiled=True)
GO = Language(
    name="go",
    version="1.24",
    source_name="main.go",
    compiled=True,
    compile_needs={"wall_seconds": 30, "memory_mib": 1024},
)
LANGUAGES = [OLD, PYTHON, NODE, CPP, GO]
CODE = "print(input())"


def translate(**body: Any) -> Translated:
    return translated({"code": CODE} | body, LANGUAGES, POLICY)


def accepted(found: Translated) -> Submission:
    """By the rules of our own API. Raises InvalidRequest."""
    problems = Problems()
    prune(problems, form.Submission, found.sent, POLICY.input)
    return validate(read(form.Submission, found.sent, problems), POLICY, LANGUAGES, Role.USER)


def test_the_agent_tool_of_verl_sends_code_alone() -> None:
    submission = accepted(translate())
    assert (submission.language, submission.language_version) == ("python", "3.12.1")
    assert [(file.name, file.content) for file in submission.files] == [("main.py", CODE.encode())]
    assert submission.stdin == b""
    assert submission.limits.wall_seconds == 10
    assert submission.limits.memory_mib == 1024


def test_the_reward_of_verl_sends_everything() -> None:
    found = translate(
        compile_timeout=5,
        run_timeout=7,
        stdin="1\n",
        memory_limit_MB=512,
        language="cpp",
        files={},
        fetch_files=[],
    )
    submission = accepted(found)
    assert found.seconds == 5 + 7 + 10 - 1
    assert submission.compile_limits.wall_seconds == 5
    assert submission.limits.wall_seconds == 7
    assert submission.limits.cpu_seconds == 60
    assert submission.limits.memory_mib == 512
    assert submission.limits.output_kib == 4096
    assert submission.compile_args == ("-std=c++17",)
    assert submission.stdin == b"1\n"
    assert found.reply.notes == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("python", "python"), ("nodejs", "javascript"), ("cpp", "cpp"), (None, "python")],
)
def test_languages_have_names_of_their_own(theirs: str | None, ours: str) -> None:
    assert accepted(translate(language=theirs)).language == ours


def test_the_newest_version_is_taken() -> None:
    found = called("python", LANGUAGES)
    assert found is PYTHON


def test_an_unknown_language_is_refused_as_fastapi_does() -> None:
    with pytest.raises(InvalidBody) as raised:
        translate(language="cuda")
    assert raised.value.details == [
        {
            "type": "literal_error",
            "loc": ["body", "language"],
            "msg": "Input should be 'cpp', 'go', 'nodejs', 'python'",
        }
    ]
    assert offered(LANGUAGES) == ["cpp", "go", "nodejs", "python"]


def test_files_lie_beside_the_program() -> None:
    text = b64encode(b"data").decode()
    given = {"in/data.txt": text, "./more": text[:4] + "\n" + text[4:], "left out": None}
    submission = accepted(translate(files=given))
    assert submission.entrypoint == "main.py"
    assert {file.name: file.content for file in submission.files} == {
        "main.py": CODE.encode(),
        "in/data.txt": b"data",
        "more": b"data",
    }


@pytest.mark.parametrize("taken", ["main.py", "main.py/data"])
def test_the_program_takes_a_name_that_no_file_has(taken: str) -> None:
    submission = accepted(translate(files={taken: "", "main1.py": ""}))
    assert submission.entrypoint == "main2.py"


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({"code": None}, ["code"], "string_type"),
        ({"stdin": 5}, ["stdin"], "string_type"),
        ({"run_timeout": "soon"}, ["run_timeout"], "float_parsing"),
        ({"files": []}, ["files"], "dict_type"),
        ({"files": {"a": 5}}, ["files", "a"], "string_type"),
        ({"files": dict.fromkeys(map(str, range(257)))}, ["files"], "too_long"),
        ({"fetch_files": [""] * 33}, ["fetch_files"], "too_long"),
        ({"fetch_files": ["a", 5, 6]}, ["fetch_files", 1], "string_type"),
    ],
)
def test_wrong_types_are_reported_as_fastapi_does(
    body: dict[str, Any], loc: list[object], kind: str
) -> None:
    with pytest.raises(InvalidBody) as raised:
        translate(**body)
    (only,) = raised.value.details
    assert (only["loc"], only["type"]) == (["body", *loc], kind)
    assert only.keys() == {"type", "loc", "msg"}


@pytest.mark.parametrize("body", [None, [], "code", 5])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(InvalidBody) as raised:
        translated(body, LANGUAGES, POLICY)
    assert raised.value.details[0]["type"] == "model_attributes_type"


def test_code_is_required() -> None:
    with pytest.raises(InvalidBody) as raised:
        translated({}, LANGUAGES, POLICY)
    assert raised.value.details == [
        {"type": "missing", "loc": ["body", "code"], "msg": "Field required"}
    ]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"code": "é" * (5 << 20)}, ["code"]),
        ({"code": "x" * (9 << 20), "files": {"a": ""}}, ["files"]),
        ({"stdin": "x" * (9 << 20)}, ["stdin"]),
        ({"files": {"/etc/passwd": ""}}, ["files", "/etc/passwd"]),
        ({"files": {"ok": "", "../a": ""}}, ["files", "../a"]),
        ({"files": {"a": "?"}}, ["files", "a"]),
        ({"fetch_files": ["x" * 300]}, ["fetch_files"]),
    ],
)
def test_rules_are_reported_at_the_fields_of_the_client(
    body: dict[str, Any], loc: list[str]
) -> None:
    found = translate(**body)
    with pytest.raises(InvalidRequest) as raised:
        accepted(found)
    assert found.details(raised.value.problems)[0]["loc"] == ["body", *loc]


@pytest.mark.parametrize(
    ("asked", "seconds", "noted"),
    [
        (None, 10, False),
        (0, 10, False),
        (float("nan"), 10, False),
        ("2.5", 2.5, False),
        (-1, 60, False),
        (61, 60, True),
        (10**400, 60, True),
        (-(10**400), 60, False),
        (1e-9, 0.001, True),
    ],
)
def test_times_are_clamped(asked: object, seconds: float, noted: bool) -> None:
    found = translate(run_timeout=asked)
    assert found.sent["limits"]["wall_seconds"] == seconds
    assert any("run_timeout" in note for note in found.reply.notes) is noted


@pytest.mark.parametrize(
    ("asked", "mib", "noted"),
    [
        (None, 1024, False),
        (-1, 1024, False),
        (0.5, 1, False),
        ("64", 64, False),
        (2048, 1024, True),
    ],
)
def test_memory_is_clamped(asked: object, mib: int, noted: bool) -> None:
    found = translate(memory_limit_MB=asked)
    assert found.sent["limits"]["memory_mib"] == mib
    assert bool(found.reply.notes) is noted


def test_a_compiler_gets_the_time_that_it_needs() -> None:
    found = translate(language="go", compile_timeout=5)
    submission = accepted(found)
    assert submission.compile_limits.wall_seconds == 30
    assert submission.compile_limits.memory_mib == 1024
    assert found.reply.notes == ["compile_timeout was raised to 30 s, which the compiler may need."]
    assert found.seconds == 5 + 10 + 10 - 1


def test_an_operator_may_allow_less() -> None:
    small = replace(POLICY, max_limits=replace(POLICY.max_limits, wall_seconds=3, memory_mib=64))
    found = translated({"code": ""}, LANGUAGES, small)
    assert found.sent["limits"]["wall_seconds"] == 3
    assert found.sent["limits"]["memory_mib"] == 64


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [((None, None), 29), ((5, 7), 21), ((-1, 0), 29), ((600, 600), 1209), ((1e300, 1), 3600)],
)
def test_a_client_waits_as_long_as_it_asked_for(
    limits: tuple[float | None, ...], seconds: float
) -> None:
    assert deadline(*limits, reserve=10) == seconds


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("out.txt", "out.txt"),
        ("./a//b", "a/b"),
        ("a/../b", "b"),
        ("", None),
        (".", None),
        ("/tmp/x", None),
        ("a/../../b", None),
    ],
)
def test_only_files_in_the_working_folder_are_fetched(name: str, path: str | None) -> None:
    assert inside(name) == path


def test_the_response_says_what_is_elsewhere() -> None:
    found = translate(fetch_files=["/tmp/x", "a", "./a"])
    assert found.sent["artifacts"] == ["/a"]
    assert found.reply.fetch == {"a": "a", "./a": "a"}
    assert found.reply.notes == ["/tmp/x is not in the working folder."]


NAMES = st.text("ab*?[]!#\\ .-/é", min_size=1, max_size=8)


@given(NAMES, NAMES)
def test_a_pattern_fits_its_own_name_and_no_other(name: str, other: str) -> None:
    path, another = inside(name), inside(other)
    if path is None or another is None:
        return
    patterns = Patterns([pattern(path)])
    assert patterns.want(path)
    assert patterns.want(another) is (another == path or another.startswith(f"{path}/"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = st.integers() | st.floats() | st.integers().map(str) | st.none() | JSON
BODIES = st.fixed_dictionaries(
    {"code": st.text()},
    optional={
        "language": st.sampled_from(["python", "cpp", "nodejs", "go", "cuda"]) | JSON,
        "stdin": st.text() | JSON,
        "run_timeout": NUMBERS,
        "compile_timeout": NUMBERS,
        "memory_limit_MB": NUMBERS,
        "files": st.dictionaries(NAMES, st.sampled_from(["", "YQ==", "?", None])) | JSON,
        "fetch_files": st.lists(NAMES) | JSON,
        "args": JSON,
    },
)


@given(BODIES | JSON)
def test_any_json_becomes_a_submission_or_an_error_of_the_client(body: object) -> None:
    assert all(each["loc"][0] == "body" for each in details(body))


def details(body: object) -> list[Detail]:
    """What is wrong with it."""
    try:
        found = translated(body, LANGUAGES, POLICY)
    except InvalidBody as error:
        return [*error.details]
    try:
        accepted(found)
    except InvalidRequest as error:
        return found.details(error.problems)
    return []


@given(st.integers() | st.floats() | st.integers().map(str) | st.none())
def test_no_number_is_refused(asked: object) -> None:
    names = ("run_timeout", "compile_timeout", "memory_limit_MB")
    for language in ("python", "go"):
        found = translate(language=language, **dict.fromkeys(names, asked))
        assert accepted(found)
        assert 0 < found.seconds <= 3600


def a_stage(**facts: Any) -> StageReport:
    given: dict[str, Any] = {
        "exit_code": 0,
        "signal": None,
        "wall_us": 12_500,
        "cpu_us": 1,
        "memory_peak_kib": 1,
    }
    return StageReport(**given | facts)


def printed(stdout: bytes = b"", stderr: bytes = b"") -> StageOutput:
    return StageOutput(stdout=stdout, stderr=stderr)


def responded(
    run: StageReport | None = None,
    compile: StageReport | None = None,
    message: str | None = None,
    **printed_by: StageOutput,
) -> dict[str, Any]:
    execution = replace(an_execution(), state=State.COMPLETED, message=message)
    result = Result(
        id="1-1",
        execution_id="1",
        report=Report(compile=compile, runs=(run,) if run else ()),
        output=Output(
            compile=printed_by.get("compiler"),
            runs=(printed_by.get("program"),) if run else (),
        ),
    )
    return ran(execution, result, {}, [])


def test_a_program_that_succeeds() -> None:
    found = responded(a_stage(), program=printed(b"a\xff\n", b"b"))
    assert found == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "Finished",
            "execution_time": 0.0125,
            "return_code": 0,
            "stdout": "a\ufffd\n",
            "stderr": "b",
        },
        "executor_pod_name": None,
        "files": {},
    }


@pytest.mark.parametrize(
    ("facts", "status", "code", "message"),
    [
        ({"exit_code": 3}, "Finished", 3, ""),
        ({"exit_code": None, "signal": "SIGSEGV"}, "Finished", -11, ""),
        ({"exit_code": None, "signal": "SIGRTMIN+2"}, "Finished", -36, ""),
        ({"exit_code": None, "signal": "SIGNEW"}, "Finished", -9, ""),
        (
            {"exit_code": 1, "stopped_by": Limit.MEMORY},
            *("Finished", -9, "The program exceeded the memory limit of 128 MiB."),
        ),
        (
            {"exit_code": None, "signal": "SIGKILL", "stopped_by": Limit.OUTPUT},
            *("Finished", -9, "The program printed more than 256 KiB on one stream."),
        ),
        (
            {"exit_code": None, "signal": "SIGKILL", "stopped_by": Limit.WALL},
            *("TimeLimitExceeded", None, "The program ran for more than 10 s."),
        ),
        (
            {"exit_code": None, "signal": "SIGKILL", "stopped_by": Limit.CPU},
            *("TimeLimitExceeded", None, "The program used more than 5 s of CPU time."),
        ),
    ],
)
def test_a_program_that_fails(
    facts: dict[str, Any], status: str, code: int | None, message: str
) -> None:
    found = responded(a_stage(**facts), program=printed(b"partial"))
    assert (found["status"], found["message"]) == ("Failed", message)
    run = found["run_result"]
    assert (run["status"], run["return_code"], run["stdout"]) == (status, code, "partial")


def test_a_compiler_that_fails() -> None:
    found = responded(compile=a_stage(exit_code=1), compiler=printed(b"", b"no ;"))
    assert found["status"] == "Failed"
    assert found["run_result"] is None
    assert found["compile_result"]["return_code"] == 1
    assert found["compile_result"]["stderr"] == "no ;"


def test_a_compiler_that_takes_too_long() -> None:
    stopped = a_stage(exit_code=None, signal="SIGKILL", stopped_by=Limit.WALL)
    found = responded(compile=stopped, message="A limit stopped the compiler: …")
    assert found["compile_result"]["status"] == "TimeLimitExceeded"
    assert found["compile_result"]["return_code"] is None
    assert found["message"] == "The compiler ran for more than 10 s."


def test_a_compiler_that_makes_no_program() -> None:
    found = responded(compile=a_stage(), message="made no program")
    assert (found["status"], found["message"]) == ("Failed", "made no program")
    assert found["compile_result"]["return_code"] == 1


def test_a_compiled_program_has_both_results() -> None:
    found = responded(a_stage(), a_stage(wall_us=0, cached=True), compiler=printed(b"hint"))
    assert found["status"] == "Success"
    assert found["compile_result"]["stdout"] == "hint"
    assert found["compile_result"]["execution_time"] == 0


@pytest.mark.parametrize(
    ("message", "said"), [("no host", "no host"), (None, "the execution was cancelled")]
)
def test_what_was_not_run_is_an_error_of_the_sandbox(message: str | None, said: str) -> None:
    execution = replace(an_execution(), state=State.CANCELLED, message=message)
    found = not_run(execution)
    assert (found["status"], found["message"]) == ("SandboxError", said)
    assert found["run_result"] is None


def test_files_that_are_left_out_are_named() -> None:
    result = Result(
        id="1-1",
        execution_id="1",
        report=Report(compile=None, runs=(a_stage(),)),
        output=Output(compile=None, runs=(printed(),)),
        artifacts_left_out=(
            LeftOut("a", "is too large"),
            LeftOut("other", "is no file"),
            LeftOut(None, "2 more"),
        ),
    )
    assert left_out(result, ["a"]) == ["a: is too large.", "Some files: 2 more."]


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        *[(status, 504) for status in (408, 429, 503, 504)],
        *[(status, status) for status in (401, 403, 404, 405, 410, 413)],
    ],
)
def test_errors_have_the_form_of_fastapi(status: int, shown: int) -> None:
    response = failed(Problem(title="Title", status=status, detail="why"), "/run_code")
    assert response.status_code == shown
    assert response.json is not None
    expected = {404: "Not Found", 405: "Method Not Allowed"}.get(status, "why")
    assert response.json == {"detail": expected}


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_no_json_is_invalid(status: int) -> None:
    response = failed(Problem(title="Bad Request", status=status, detail="no JSON"), "/run_code")
    assert response.status_code == 422
    assert response.json == {
        "detail": [{"type": "json_invalid", "loc": ["body"], "msg": "no JSON"}]
    }


def test_a_fault_of_ours_has_an_empty_traceback() -> None:
    response = failed(Problem(title="Error", status=500, detail="see the log"), "/run_code")
    assert response.status_code == 500
    assert response.json == {"detail": "see the log", "traceback": []}


@pytest.mark.parametrize(("status", "process"), [(429, "timeout"), (422, "error"), (500, "error")])
def test_nemo_reads_errors_as_results(status: int, process: str) -> None:
    response = failed(Problem(title="Title", status=status, detail="why"), "/execute")
    assert response.json == {
        "error": "why",
        "process_status": process,
        "stdout": "",
        "stderr": "why\n",
    }
