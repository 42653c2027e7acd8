"""What a Piston client sends and receives, translated without a server."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.piston import packages
from app.api.doors.piston.errors import BadBody, failed
from app.api.doors.piston.names import _NAMES
from app.api.doors.piston.request import native
from app.api.doors.piston.response import executed, runtimes
from app.api.doors.piston.versions import chosen, three_numbers
from app.api.problems import NO_PATH, Problem
from app.api.submission import form
from app.api.submission.rules import validate
from app.api.validation import read
from app.domain.api_key import Role
from app.domain.errors import InvalidRequest
from app.domain.execution import Execution
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.problems import Problems
from app.domain.report import Limit, Output, Report, StageOutput, StageReport
from app.domain.result import Result
from sandbox import languages
from tests.support.builders import an_execution

POLICY = Policy()
OLD = Language(name="python", version="3.9.2", source_name="main.py", compiled=False)
PYTHON = Language(
    name="python", version="3.12", source_name="main.py", compiled=False, aliases=("python3",)
)
CPP = Language(
    name="cpp",
    version="12.2.0",
    source_name="main.cpp",
    compiled=True,
    suffixes=(".cpp", ".cc", ".cxx"),
)
LANGUAGES = [PYTHON, OLD, CPP]
BODY = {"language": "python", "version": "3.10.0", "files": [{"content": "print(1)"}]}


def translated(**changes: Any) -> dict[str, Any]:
    return native(BODY | changes, LANGUAGES, POLICY)[1]


@pytest.mark.parametrize(
    ("name", "wanted", "version"),
    [
        ("python", "*", "3.12"),
        ("py", "3.x", "3.12"),
        ("python3", "^3.9.0", "3.12"),
        ("python", "3.9", "3.9.2"),
        ("python", "<3.12", "3.9.2"),
        ("python", ">=3.12", "3.12"),
        ("c++", "12.2.0", "12.2.0"),
        ("g++", "12", "12.2.0"),
    ],
)
def test_the_newest_version_in_the_range_is_chosen(name: str, wanted: str, version: str) -> None:
    found = chosen(LANGUAGES, name, wanted, lenient=False)
    assert found
    assert found.version == version


@pytest.mark.parametrize("wanted", ["3.10.0", "2", "no range", "9" * 1000])
def test_lenient_takes_the_newest_where_strict_finds_none(wanted: str) -> None:
    assert chosen(LANGUAGES, "python", wanted, lenient=True) is PYTHON
    assert chosen(LANGUAGES, "python", wanted, lenient=False) is None


def test_names_are_case_sensitive() -> None:
    assert chosen(LANGUAGES, "Python", "*", lenient=True) is None


def test_runtimes_have_three_numbers_and_end_with_the_newest() -> None:
    assert runtimes(LANGUAGES) == [
        {
            "language": "python",
            "version": "3.9.2",
            "aliases": ["py", "py3", "python3", "python3.9"],
        },
        {
            "language": "python",
            "version": "3.12.0",
            "aliases": ["py", "py3", "python3", "python3.12"],
        },
        {
            "language": "c++",
            "version": "12.2.0",
            "aliases": ["cpp", "g++"],
            "runtime": "gcc",
        },
    ]


def test_more_than_three_numbers_are_cut() -> None:
    assert three_numbers("11.0.20.1") == "11.0.20"


def test_an_unnamed_file_is_the_program() -> None:
    found = translated()
    assert found["entrypoint"] == "main.py"
    assert found["stdin"] == "\n"


@pytest.mark.parametrize(
    ("name", "language", "main"),
    [
        ("", "python", "main.py"),
        ("x", "python", "x"),
        ("x.py", "python", "x.py"),
        ("", "c++", "main.cpp"),
        ("a/b.code", "c++", "a/b.code.cpp"),
        ("b.cc", "c++", "b.cc"),
    ],
)
def test_a_compiler_finds_the_suffix_of_the_main_file(name: str, language: str, main: str) -> None:
    found = translated(language=language, files=[{"name": name, "content": "1"}])
    assert [file["name"] for file in found["files"]] == [found["entrypoint"]] == [main]


def test_an_unnamed_main_file_takes_no_other_file_s_name() -> None:
    found = translated(files=[{"content": "1"}, {"name": "main.py", "content": "2"}])
    assert [file["name"] for file in found["files"]] == ["file0.code", "main.py"]
    assert found["entrypoint"] == "file0.code"


def test_a_program_knows_the_name_of_its_language() -> None:
    assert translated(language="g++")["env"] == {"PISTON_LANGUAGE": "c++"}


def test_output_has_no_limit_but_the_maximum() -> None:
    assert translated()["limits"]["output_kib"] == POLICY.max_limits.output_kib


@pytest.mark.parametrize(("sent", "stdin"), [("a", "a\n"), ("a\n", "a\n"), (None, "\n")])
def test_stdin_ends_with_a_newline(sent: str | None, stdin: str) -> None:
    assert translated(stdin=sent)["stdin"] == stdin


def test_the_first_text_is_the_main_file() -> None:
    files = [
        {"name": "data", "content": "6869", "encoding": "hex"},
        {"name": "more", "content": "aGk=", "encoding": "base64"},
        {"name": "run.py", "content": "1", "encoding": "utf-16"},
        {"content": "2"},
    ]
    found = translated(files=files)
    assert found["entrypoint"] == "run.py"
    assert [file["content"] for file in found["files"]] == ["aGk=", "aGk=", "1", "2"]
    assert found["files"][3]["name"] == "file3.code"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 3), (0, 3), (10000.0, 10), ("2000", 2), (10**9, 60), (-1, 60), (10**400, 60)],
)
def test_times_are_clamped(asked: object, seconds: float) -> None:
    assert translated(run_timeout=asked)["limits"]["wall_seconds"] == seconds


@pytest.mark.parametrize(
    ("asked", "mib"), [(-1, 1024), (None, 1024), (64 * 2**20, 64), (2**50, 1024), (5, 1)]
)
def test_memory_is_clamped(asked: object, mib: int) -> None:
    assert translated(run_memory_limit=asked)["limits"]["memory_mib"] == mib


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": 5}, "language is required as a string"),
        ({"version": None}, "version is required as a string"),
        ({"files": {}}, "files is required as an array"),
        ({"files": []}, "files must include at least one utf8 encoded file"),
        ({"files": [{"content": 1}]}, "files[0].content is required as a string"),
        ({"language": "html", "version": "5.0.0"}, "html-5.0.0 runtime is unknown"),
        ({"run_timeout": "x"}, "If specified, run_timeout must be a number"),
        ({"run_timeout": "9" * 1000}, "If specified, run_timeout must be a number"),
        ({"run_timeout": True}, "If specified, run_timeout must be a number"),
        ({"args": ["a", None]}, "args must be strings"),
        ({"args": ["a"] * 65}, "args can have at most 64 entries"),
        ({"files": [{"content": "1"}] * 257}, "files can have at most 256 entries"),
        ({"files": [{"content": "xyz", "encoding": "hex"}]}, "files[0].content is not hex"),
        ({"language": "x" * 1000}, "x" * 100 + "-3.10.0 runtime is unknown"),
        ({"compile_timeout": []}, "If specified, compile_timeout must be a number"),
    ],
)
def test_bad_bodies_get_the_messages_of_piston(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadBody) as raised:
        translated(**changes)
    assert raised.value.description == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("run_timeout", "compile_cpu_time", "run_memory_limit", "stdin", "args", "files", "log")
FILE = st.fixed_dictionaries(
    {"content": st.text()},
    optional={"name": JSON, "encoding": st.sampled_from(["hex", "base64", "utf8"]) | JSON},
)
BODIES = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["python", "c++"]) | JSON,
        "version": st.sampled_from(["*", "1.x"]) | st.text() | JSON,
        "files": st.lists(FILE, min_size=1, max_size=3),
    },
    optional={name: JSON for name in FIELDS if name != "files"},
)


@given(BODIES | JSON)
def test_any_json_becomes_a_submission_or_an_error_of_the_client(body: object) -> None:
    try:
        _, sent = native(body, LANGUAGES, POLICY)
        validate(read(form.Submission, sent, Problems()), POLICY, LANGUAGES, Role.USER)
    except (BadBody, InvalidRequest):
        return


@given(st.integers() | st.floats(allow_nan=False) | st.integers().map(str))
def test_no_limit_is_refused(asked: object) -> None:
    names = ("timeout", "cpu_time", "memory_limit")
    limits = {f"{stage}_{name}": asked for stage in ("run", "compile") for name in names}
    sent = translated(language="c++", **limits)
    validate(read(form.Submission, sent, Problems()), POLICY, LANGUAGES, Role.USER)


def a_stage(**facts: Any) -> StageReport:
    given: dict[str, Any] = {
        "exit_code": 0,
        "signal": None,
        "wall_us": 2_400,
        "cpu_us": 1_600,
        "memory_peak_kib": 3,
    }
    return StageReport(**given | facts)


PRINTED = StageOutput(stdout=b"a", stderr=b"b")


def a_result(
    run: StageReport | None,
    printed: StageOutput | None = PRINTED,
    compile: StageReport | None = None,
    said: StageOutput | None = None,
) -> Result:
    return Result(
        id="1-1",
        execution_id="1",
        report=Report(compile=compile, runs=(run,) if run else ()),
        output=Output(compile=said, runs=(printed,) if run else ()),
    )


def response(language: Language, result: Result, **facts: Any) -> dict[str, Any]:
    execution: Execution = an_execution(**facts)
    return executed(language, execution, result)


@pytest.mark.parametrize(
    ("facts", "status", "code", "signal", "message"),
    [
        ({}, None, 0, None, None),
        ({"exit_code": 3}, "RE", 3, None, "Exited with error status 3"),
        (
            {"exit_code": None, "signal": "SIGSEGV"},
            *("SG", None, "SIGSEGV", "Caught fatal signal 11"),
        ),
        (
            {"exit_code": None, "signal": "SIGRTMIN+2"},
            *("SG", None, "SIGRTMIN+2", "Caught fatal signal 36"),
        ),
        (
            {"exit_code": None, "signal": "SIGNEW"},
            *("SG", None, "SIGNEW", "Caught fatal signal SIGNEW"),
        ),
        ({"stopped_by": Limit.CPU}, "TO", None, "SIGKILL", "Time limit exceeded"),
        ({"stopped_by": Limit.WALL}, "TO", None, "SIGKILL", "Time limit exceeded (wall clock)"),
        ({"stopped_by": Limit.MEMORY}, "SG", None, "SIGKILL", "Memory limit exceeded"),
        ({"stopped_by": Limit.OUTPUT}, "OL", None, "SIGKILL", "stdout length exceeded"),
    ],
)
def test_how_a_run_ended(
    facts: dict[str, Any], status: str | None, code: int | None, signal: str, message: str
) -> None:
    run = response(PYTHON, a_result(a_stage(**facts)))["run"]
    found = (run["status"], run["code"], run["signal"], run["message"])
    assert found == (status, code, signal, message)


def test_too_much_on_stderr_has_its_own_status() -> None:
    printed = StageOutput(stdout=b"", stderr="aé".encode()[:-1], stderr_truncated=True)
    run = response(PYTHON, a_result(a_stage(stopped_by=Limit.OUTPUT), printed))["run"]
    assert (run["status"], run["message"]) == ("EL", "stderr length exceeded")
    assert run["stderr"] == "a", "no half character"


def test_output_has_both_streams() -> None:
    found = response(PYTHON, a_result(a_stage()))
    assert (found["language"], found["version"]) == ("python", "3.12.0")
    assert "compile" not in found
    assert found["run"] == {
        "stdout": "a",
        "stderr": "b",
        "output": "ab",
        "code": 0,
        "signal": None,
        "message": None,
        "status": None,
        "cpu_time": 2,
        "wall_time": 2,
        "memory": 3000,
    }


def test_what_is_not_known_is_null_and_what_is_not_utf8_is_replaced() -> None:
    printed = StageOutput(stdout=b"\xff", stderr=b"")
    run = response(PYTHON, a_result(a_stage(cpu_us=None, memory_peak_kib=None), printed))["run"]
    assert (run["cpu_time"], run["memory"], run["output"]) == (None, None, "\ufffd")


def test_a_compiled_program_has_both_stages() -> None:
    found = response(CPP, a_result(a_stage(), compile=a_stage(), said=PRINTED))
    assert (found["compile"]["status"], found["run"]["code"]) == (None, 0)


def test_a_failed_compile_is_repeated_as_the_run() -> None:
    said = StageOutput(stdout=b"", stderr=b"no ;")
    found = response(CPP, a_result(None, compile=a_stage(exit_code=1), said=said))
    assert found["run"] == found["compile"]
    assert (found["run"]["stderr"], found["run"]["status"]) == ("no ;", "RE")


def test_a_compiler_that_made_nothing_has_failed() -> None:
    found = response(CPP, a_result(None, compile=a_stage()), message="no program")
    run = found["run"]
    assert (run["code"], run["status"], run["message"]) == (1, "RE", "no program")


@pytest.mark.parametrize(
    ("status", "shown"),
    [(422, 400), (409, 400), *((each, each) for each in (401, 413, 415, 429, 500, 503, 504))],
)
def test_a_problem_becomes_a_message(status: int, shown: int) -> None:
    found = failed(Problem(title="No", status=status, detail="send less"), "/")
    assert (found.status_code, found.json) == (shown, {"message": "send less"})


def test_what_is_not_found_has_the_text_of_piston() -> None:
    found = failed(Problem(title="Not found", status=404, detail=NO_PATH), "/x")
    assert (found.status_code, found.json) == (404, {"message": "Not Found"})


def test_packages_are_listed_once_each() -> None:
    c = Language(name="c", version="12.2.0", source_name="main.c", compiled=True)
    assert packages.listed([*LANGUAGES, c]) == [
        {"language": "gcc", "language_version": "12.2.0", "installed": True},
        {"language": "python", "language_version": "3.12.0", "installed": True},
        {"language": "python", "language_version": "3.9.2", "installed": True},
    ]


def test_installing_a_package_that_is_here_succeeds() -> None:
    sent = {"language": "gcc", "version": "10.2.0"}
    assert packages.installed(sent, LANGUAGES) == {"language": "gcc", "version": "12.2.0"}
    with pytest.raises(packages.NoPackage, match=r"Requested package mono-6\.12\.0 does not exist"):
        packages.installed({"language": "mono", "version": "6.12.0"}, LANGUAGES)


@pytest.mark.parametrize("sent", [[], None, {"language": "gcc"}, {"language": 1, "version": "1"}])
def test_a_package_needs_a_name_and_a_version(sent: object) -> None:
    with pytest.raises(BadBody, match="is required as a string"):
        packages.installed(sent, LANGUAGES)


def test_every_language_with_a_name_in_piston_is_one_of_ours() -> None:
    assert set(_NAMES) <= set(languages.load())
