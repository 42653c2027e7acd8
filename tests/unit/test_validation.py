"""Whatever a client sends becomes a valid submission or a list of problems."""

import copy
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.api.bounds import prune
from app.api.submission import form
from app.api.submission.limits import MIN_SECONDS
from app.api.submission.rules import validate
from app.api.validation import read
from app.domain.api_key import Role
from app.domain.compare import Compare, CompareKind
from app.domain.compare.kinds import EXACT, LINES
from app.domain.errors import FieldProblem, Forbidden, InvalidRequest
from app.domain.language import Language
from app.domain.policy import InputMaxima, Policy
from app.domain.problems import MAX_PROBLEMS, Problems
from app.domain.submission import (
    Buffering,
    ExpectedOutput,
    Limits,
    Priority,
    Streams,
    Submission,
    SubmittedTest,
)

POLICY = Policy(
    input=InputMaxima(
        files=3,
        files_bytes=24,
        file_name_bytes=8,
        stdin_bytes=6,
        args=3,
        args_bytes=8,
        env=3,
        env_bytes=8,
        labels=2,
        label_characters=4,
        expected_output_bytes=6,
    )
)
"""Small enough that examples reach every maximum."""


def a_language(name: str, version: str, source_name: str) -> Language:
    return Language(name=name, version=version, source_name=source_name, compiled=False)


LANGUAGES = [
    a_language("python", "3.9.2", "main.py"),
    a_language("python", "3.11.2", "main.py"),
    replace(a_language("c", "12.2", "main.c"), compiled=True, aliases=("gcc", "python")),
]

texts = st.text(st.characters() | st.sampled_from("\0/.:A_9"), max_size=10)
names = texts | st.sampled_from(
    ["main.py", "main.c", "a", "./a", "a/b", "../x", "/x", "a//b", "A", "_1"]
)
numbers = st.one_of(
    st.floats(), st.integers(), st.integers(1, 60), st.booleans(), st.just(10**400), st.none()
)
base64 = st.sampled_from(["", "AA==", "/w==", "AA", "ä", "=", "AAAAAAAAAAAA"]) | texts
wrong_types: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.builds(lambda: [1])  # No two fields share a list.
    | st.builds(lambda: {"a": {}})
    | st.just(7)
)


def some_of(**values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """An object with any of these fields, each of its own kind or of a wrong type."""
    return st.fixed_dictionaries(
        {}, optional={name: value | wrong_types for name, value in values.items()}
    )


limits = some_of(**{field.name: numbers for field in fields(Limits)})
files = some_of(
    name=names, content=texts | base64, encoding=st.sampled_from(["utf-8", "base64", "latin-1"])
)
compares = st.sampled_from(["exact", "lines", "tokens", "x", {"numbers": {"absolute": 1}}])
tests = some_of(
    name=texts,
    stdin=texts,
    stdin_base64=base64,
    args=st.lists(texts, max_size=4),
    env=st.dictionaries(names, texts, max_size=4),
    files=st.lists(files, max_size=4),
    limits=limits,
    expected_output=texts,
    expected_output_base64=base64,
    compare=compares,
    points=numbers,
)
requests = some_of(
    tests=st.lists(tests | wrong_types, max_size=4),
    checker=some_of(language=st.sampled_from(["python", "c"]), source=texts, files=files),
    compare=compares,
    stop_on_failure=st.booleans(),
    keep_output=st.sampled_from(["all", "failures", "none", "some"]),
    language=st.sampled_from(["python", "c", "cobol"]) | texts,
    version=st.sampled_from(["3", "3.11", "3.1", "12.2", ""]) | texts,
    source=texts,
    files=st.lists(files | wrong_types, max_size=4),
    entrypoint=names,
    stdin=texts,
    stdin_base64=base64,
    args=st.lists(texts | wrong_types, max_size=4),
    env=st.dictionaries(names, texts | wrong_types, max_size=4),
    limits=limits,
    compile_limits=limits,
    compile_args=st.lists(texts, max_size=4),
    streams=st.sampled_from(Streams) | texts,
    buffering=st.sampled_from(Buffering) | texts,
    expected_output=texts,
    expected_output_base64=base64,
    priority=st.sampled_from(Priority) | texts,
    callback_url=texts,
    labels=st.dictionaries(texts, texts, max_size=3),
    colour=texts,
)
right_files = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["main.py", "main.c", "a", "b/c"]),
        "content": st.text("ab", max_size=10),
    }
)
likely = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["python", "c", "gcc"]),
        "compile_args": st.lists(st.text("ab", max_size=3), max_size=1),
        "buffering": st.none() | st.sampled_from(Buffering),
        "files": st.lists(right_files, min_size=1, max_size=3, unique_by=lambda file: file["name"]),
        "args": st.lists(st.text("ab", max_size=3), max_size=3),
        "env": st.dictionaries(st.text("AB", min_size=1, max_size=2), st.text("ab", max_size=2)),
        "limits": st.fixed_dictionaries(
            {"wall_seconds": st.floats(0.001, 60), "processes": st.integers(1, 256)}
        ),
        "priority": st.sampled_from(Priority),
        "labels": st.dictionaries(st.text("ab", min_size=1, max_size=4), st.text("ab", max_size=4)),
    }
)
"""Mostly right, so that some are accepted."""


def parsed(
    sent: object,
    policy: Policy,
    languages: Sequence[Language] = LANGUAGES,
    role: Role = Role.USER,
) -> Submission:
    value, problems = copy.deepcopy(sent), Problems()
    prune(problems, form.Submission, value, policy.input)
    return validate(read(form.Submission, value, problems), policy, languages, role)


def problems_with(sent: object, policy: Policy) -> Sequence[FieldProblem]:
    try:
        parsed(sent, policy)
    except InvalidRequest as error:
        return error.problems
    return ()


@given(sent=requests | likely, role=st.sampled_from(Role))
def test_nothing_else_can_come_of_it(sent: dict[str, Any], role: Role) -> None:
    try:
        submission = parsed(sent, POLICY, role=role)
    except InvalidRequest as error:
        check_problems(error.problems)
    except Forbidden:
        assert role is Role.USER
        assert sent["priority"] in (Priority.CRITICAL, Priority.HIGH)
    else:
        check(submission, sent)


wrong: dict[str, tuple[object, str]] = {
    "language": (7, ""),
    "version": (3.11, ""),
    "source": (["x"], ""),
    "entrypoint": (7, ""),
    "stdin": (7, ""),
    "stdin_base64": ("=", ""),
    "args": (["ok", "\0"], "/1"),
    "env": ({"A": 7}, "/A"),
    "limits": ({"stack_mib": 512, "memory_mib": "64"}, "/memory_mib"),
    "compile_limits": ({"wall_seconds": 0}, "/wall_seconds"),
    "compile_args": ([7, "\0"], "/0 /1"),
    "streams": ("both", ""),
    "buffering": (7, ""),
    "expected_output": (7, ""),
    "expected_output_base64": ("=", ""),
    "compare": (
        {"numbers": {"absolute": -1, "relative": "1", "x": 0}},
        "/numbers/absolute /numbers/relative /numbers/x",
    ),
    "tests": ([{"points": -1, "args": 7}, 7, {"name": "1"}], "/0/points /0/args /1 /2/name"),
    "checker": ({"language": "c", "source": "", "limits": 7}, "/limits"),
    "stop_on_failure": (1, ""),
    "keep_output": ("some", ""),
    "artifacts": (["*.png", "", "\x1b"], "/1 /2"),
    "priority": ("urgent", ""),
    "callback_url": (7, ""),
    "labels": ({"a:b": "c", "d": "e", "f": "g"}, ""),
    "colour": ("red", ""),
}
"""A wrong value for each field but `files`, and where below the field the problems are."""


@given(chosen=st.sets(st.sampled_from(sorted(wrong))))
def test_all_problems_are_reported_at_once_and_no_others(chosen: set[str]) -> None:
    if {"expected_output", "expected_output_base64"} <= chosen:
        chosen.remove("expected_output_base64")  # Only one of the two is ever looked into.
    if {"stdin", "stdin_base64"} <= chosen:
        chosen.remove("stdin_base64")
    if {"compare", "checker"} <= chosen:
        chosen.remove("compare")  # Which can't be combined.
    if {"tests", "artifacts"} <= chosen:
        chosen.remove("artifacts")  # Likewise.
    right = {"language": "c", "source": "", "entrypoint": "main.c"}

    problems = problems_with(right | {name: wrong[name][0] for name in chosen}, POLICY)

    assume(len(chosen) < MAX_PROBLEMS // 2)
    expected = {f"/{name}{below}" for name in chosen for below in (wrong[name][1].split() or [""])}
    assert {problem.pointer for problem in problems} == expected
    assert len(problems) == len(expected)


COMPILED = {"language": "c", "source": ""}


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({"tests": []}, ["/tests"]),
        ({"tests": [{}] * 201}, ["/tests"]),
        ({"tests": [{"name": "a"}, {}, {"name": "a"}]}, ["/tests/2/name"]),
        ({"tests": [{}, {"name": "1"}]}, ["/tests/1/name"]),
        ({"tests": [{"name": ""}]}, ["/tests/0/name"]),
        ({"tests": [{"name": "\x1b"}, {"name": "x" * 201}]}, ["/tests/1/name", "/tests/0/name"]),
        (
            {"tests": [{"points": 1_000_000.5}, {"points": -1}]},
            ["/tests/0/points", "/tests/1/points"],
        ),
        ({"tests": [{"stdin": "", "stdin_base64": ""}]}, ["/tests/0/stdin"]),
        (
            {"tests": [{"limits": {"wall_seconds": 61, "memory_mib": 0}}]},
            ["/tests/0/limits/wall_seconds", "/tests/0/limits/memory_mib"],
        ),
        (
            {"limits": {"memory_mib": 64}, "tests": [{"limits": {"stack_mib": 65}}]},
            ["/tests/0/limits/stack_mib"],
        ),
        ({"tests": [{"files": [{"name": "../a", "content": ""}]}]}, ["/tests/0/files/0/name"]),
        ({"tests": [{"files": [{"name": "a", "content": ""}] * 2}]}, ["/tests/0/files/1/name"]),
        ({"tests": [{"files": [{"name": "main.c/a", "content": ""}]}]}, []),
        ({"tests": [{"files": [{"name": "main.c", "content": ""}]}]}, []),
        (
            {
                "files": [{"name": "a/b", "content": ""}],
                "tests": [{"files": [{"name": "a", "content": ""}]}],
            },
            ["/tests/0/files/0/name"],
        ),
        ({"tests": [{"env": {"1": ""}, "args": ["\0"]}]}, ["/tests/0/env/1", "/tests/0/args/0"]),
        ({"tests": [{"expected_output_base64": "="}]}, ["/tests/0/expected_output_base64"]),
        ({"tests": [{"compare": "words"}]}, ["/tests/0/compare"]),
        ({"tests": [{"colour": 1}]}, ["/tests/0/colour"]),
        ({"compare": {"numbers": {}, "x": 1}}, ["/compare"]),
        (
            {"compare": {"numbers": {"absolute": float("nan"), "relative": 10**400}}},
            ["/compare/numbers/absolute", "/compare/numbers/relative"],
        ),
        ({"compare": {"numbers": {"absolute": True}}}, ["/compare/numbers/absolute"]),
        ({"checker": {"source": ""}}, ["/checker/language"]),
        ({"checker": {"language": "cobol", "source": ""}}, ["/checker/language"]),
        ({"checker": COMPILED, "compare": "lines"}, ["/compare"]),
        ({"checker": COMPILED, "tests": [{"compare": "lines"}]}, ["/tests/0/compare"]),
        (
            {"checker": {"language": "python", "source": "", "compile_args": ["x"]}},
            ["/checker/compile_args"],
        ),
        ({"checker": COMPILED | {"limits": {"cpu_seconds": 100}}}, ["/checker/limits/cpu_seconds"]),
        (
            {
                "checker": {
                    "language": "c",
                    "files": [{"name": "main.c", "content": ""}, {"name": "answer", "content": ""}],
                }
            },
            ["/checker/files/1/name"],
        ),
        ({"keep_output": "some"}, ["/keep_output"]),
    ],
)
def test_problems_of_tests_and_checkers(sent: dict[str, Any], pointers: list[str]) -> None:
    base = {"language": "c", "source": ""} if "files" not in sent else {"language": "c"}
    problems = problems_with(base | sent, Policy())
    assert sorted(problem.pointer for problem in problems) == sorted(pointers)


@pytest.mark.parametrize(
    ("patterns", "pointers"),
    [
        (["out/*.png", "!a", r"\#a", "x" * 200], []),
        (["#a", " "], ["/artifacts/0", "/artifacts/1"]),
        (["x" * 201], ["/artifacts/0"]),
        (["*"] * 33, ["/artifacts"]),
    ],
)
def test_problems_of_artifacts(patterns: list[str], pointers: list[str]) -> None:
    problems = problems_with({"language": "c", "source": "", "artifacts": patterns}, Policy())
    assert sorted(problem.pointer for problem in problems) == pointers


def test_no_artifacts_of_tests() -> None:
    sent = {"language": "c", "source": "", "artifacts": ["*"], "tests": [{}]}
    (problem,) = problems_with(sent, Policy())
    assert problem.pointer == "/artifacts"


def test_no_more_tests_than_the_runtime_can_run() -> None:
    few = [replace(language, max_runs=2) for language in LANGUAGES]
    sent: dict[str, Any] = {"language": "c", "source": "", "tests": [{}] * 3}
    with pytest.raises(InvalidRequest, match="/tests: can have at most 2 here"):
        parsed(sent | {"tests": [{}] * 3}, Policy(), few)
    with pytest.raises(InvalidRequest, match="/checker: can judge at most 2 tests here"):
        parsed(sent | {"checker": COMPILED}, Policy(), [*few[:2], *few[2:]])


def test_stdin_that_tests_share_counts_once() -> None:
    small = [replace(each, max_input_bytes=100) for each in LANGUAGES]
    sent: dict[str, Any] = {"language": "c", "source": "", "stdin": "x" * 40, "tests": [{}] * 200}
    assert len(parsed(sent, Policy(), small).tests) == 200
    sent["tests"] = [{"stdin": letter * 40} for letter in "xyzx"]
    with pytest.raises(InvalidRequest, match="/tests: files and inputs have 126 bytes together"):
        parsed(sent, Policy(), small)


def test_what_a_test_leaves_out_is_as_in_the_submission() -> None:
    submission = validated(
        language="c",
        stdin="all",
        limits={"memory_mib": 64},
        expected_output="x",
        compare="tokens",
        tests=[
            {},
            {"stdin": "", "args": [], "limits": {"wall_seconds": 1}, "points": 0},
            {"expected_output_base64": "AA==", "name": "last"},
            {"compare": {"numbers": {"absolute": 0.5}}},
        ],
    )
    plain, own, binary, numbers = submission.tests
    assert plain == SubmittedTest(name="1")
    assert (own.stdin, own.args, own.points) == (b"", (), 0)
    assert own.limits == replace(submission.limits, wall_seconds=1)
    assert own.limits.memory_mib == 64
    tokens = Compare(CompareKind.TOKENS)
    assert binary.expected_output == ExpectedOutput.of(b"\0", tokens)
    assert binary.name == "last"
    assert numbers.compare == Compare(CompareKind.NUMBERS, absolute=0.5)
    assert submission.expected_output == ExpectedOutput.of(b"x", tokens)


def test_tests_compare_as_the_form_of_their_expected_output_suggests() -> None:
    text, binary = validated(
        tests=[{"expected_output": "a"}, {"expected_output_base64": "YQ=="}]
    ).tests
    assert text.expected_output == ExpectedOutput.of(b"a", LINES)
    assert binary.expected_output == ExpectedOutput.of(b"a", EXACT)


def test_a_checker_gets_the_defaults_of_its_language() -> None:
    checker = validated(checker=COMPILED | {"limits": {"wall_seconds": 2}}).checker
    assert checker is not None
    assert (checker.language, checker.entrypoint) == ("c", "main.c")
    assert checker.limits == replace(Policy().default_limits, wall_seconds=2)
    assert checker.compile_limits == Policy().default_compile_limits


def test_an_unreadable_file_says_nothing_of_the_others() -> None:
    files = [
        7,
        {"name": 7, "content": ""},
        {"content": "", "encoding": "base64"},
        {"name": "../a", "content": 7, "encoding": "x"},
        {"name": "b", "content": "=", "encoding": "base64"},
    ]

    problems = problems_with({"language": "c", "files": files, "entrypoint": "c"}, Policy())

    assert {problem.pointer for problem in problems} == {
        "/files/0",
        "/files/1/name",
        "/files/2/name",
        "/files/3/name",
        "/files/3/content",
        "/files/3/encoding",
        "/files/4/content",
    }


def test_a_list_that_is_too_long_costs_no_more_than_its_length() -> None:
    sent: dict[str, object] = {"args": [1] * 1_000, "env": {str(n): 1 for n in range(1_000)}}

    prune(Problems(), form.Submission, sent, POLICY.input)

    assert sent == {"args": [], "env": {}}


def test_too_many_files_hide_no_other_problem() -> None:
    files = [{"name": str(number), "content": ""} for number in range(4)]

    problems = problems_with(
        {"language": "c", "files": files, "entrypoint": "0", "stdin": 7, "args": ["\0"]}, POLICY
    )

    assert {problem.pointer for problem in problems} == {"/files", "/stdin", "/args/0"}


def check_problems(problems: list[FieldProblem]) -> None:
    assert problems
    assert all(problem.pointer.startswith("/") for problem in problems)
    assert all(problem.detail for problem in problems)


def check(submission: Submission, sent: dict[str, Any]) -> None:
    """Check what later steps rely on."""
    maxima = POLICY.input
    versions = [(language.name, language.version) for language in LANGUAGES]
    assert (submission.language, submission.language_version) in versions
    file_names = [file.name for file in submission.files]
    assert submission.entrypoint in file_names
    assert len(set(file_names)) == len(file_names) <= maxima.files
    assert sum(len(file.content) for file in submission.files) <= maxima.files_bytes
    for name in file_names:
        assert "\0" not in name
        assert len(name.encode()) <= maxima.file_name_bytes
        assert not set(name.split("/")) & {"", ".", ".."}
        assert not any(other.startswith(f"{name}/") for other in file_names)
    assert len(submission.stdin) <= maxima.stdin_bytes
    assert submission.args == tuple(sent.get("args", []))
    assert sum(len(arg.encode()) for arg in submission.args) <= maxima.args_bytes
    assert submission.compile_args == tuple(sent.get("compile_args", []))
    assert sum(len(arg.encode()) for arg in submission.compile_args) <= maxima.args_bytes
    assert not submission.compile_args or submission.language == "c"
    assert submission.streams == sent.get("streams", Streams.SEPARATE)
    assert sent.get("buffering") in (None, submission.buffering)
    assert submission.env == sent.get("env", {})
    assert "\0" not in "".join([*submission.args, *submission.env.values(), *submission.labels])
    assert all(name.isidentifier() and name.isascii() for name in submission.env)
    assert submission.labels == sent.get("labels", {})
    shown = [*file_names, *submission.labels, *submission.labels.values()]
    assert not any(unicodedata.category(character) == "Cc" for character in "".join(shown))
    for applied, asked, maximum in (
        (submission.limits, sent.get("limits"), POLICY.max_limits),
        (submission.compile_limits, sent.get("compile_limits"), POLICY.max_compile_limits),
    ):
        check_limits(applied, asked, maximum)


def check_limits(applied: Limits, sent: dict[str, object] | None, maximum: Limits) -> None:
    asked = sent or {}
    for field in fields(Limits):
        value = getattr(applied, field.name)
        if field.name == "stack_mib" and value is None:
            assert asked.get("stack_mib") is None
            continue
        assert 0 < value <= (getattr(maximum, field.name) or applied.memory_mib)
        assert asked.get(field.name) in (None, value)
        if field.name.endswith("_seconds"):
            assert value >= MIN_SECONDS
        else:
            assert type(value) is int


def validated(**fields: object) -> Submission:
    return parsed({"language": "python", "source": ""} | fields, Policy())


def test_what_a_compiler_needs_raises_its_default_limits_up_to_the_maxima() -> None:
    needs = {"wall_seconds": 30, "memory_mib": 9_999, "processes": 1}
    language = replace(LANGUAGES[0], compiled=True, compile_needs=needs)

    submission = parsed({"language": "python", "source": ""}, Policy(), [language])

    policy = Policy()
    assert submission.compile_limits == replace(
        policy.default_compile_limits,
        wall_seconds=30,
        memory_mib=policy.max_compile_limits.memory_mib,
    )


def test_what_packages_need_raises_the_default_limits_of_the_program_up_to_the_maxima() -> None:
    needs = {"memory_mib": 256, "processes": 9_999}
    language = replace(LANGUAGES[0], needs=needs)
    asked = {"language": "python", "source": ""}

    submission = parsed(asked, Policy(), [language])
    smaller = parsed(asked | {"limits": {"memory_mib": 64}}, Policy(), [language])

    policy = Policy()
    raised = replace(policy.default_limits, memory_mib=256, processes=policy.max_limits.processes)
    assert submission.limits == raised
    assert smaller.limits == replace(raised, memory_mib=64)
    assert submission.compile_limits == policy.default_compile_limits


@pytest.mark.parametrize("version", [None, "3", "3.11", "3.11.2"])
def test_a_version_stands_for_the_newest_that_it_begins(version: str | None) -> None:
    assert validated(version=version).language_version == "3.11.2"


def test_an_exact_version_is_taken_as_it_is() -> None:
    assert validated(version="3.9").language_version == "3.9.2"


@pytest.mark.parametrize("version", ["3.1", "3.11.", "3.11.22", "4", ""])
def test_a_version_that_is_not_there_is_refused(version: str) -> None:
    with pytest.raises(InvalidRequest, match="/version"):
        validated(version=version)


def test_a_single_source_gets_the_language_s_name() -> None:
    submission = validated(source="print(1)")
    assert [(file.name, file.content) for file in submission.files] == [("main.py", b"print(1)")]
    assert submission.entrypoint == "main.py"


@pytest.mark.parametrize(
    ("names", "entrypoint"), [(["x.py"], "x.py"), (["x.py", "main.py"], "main.py")]
)
def test_an_entrypoint_that_is_obvious_need_not_be_named(names: list[str], entrypoint: str) -> None:
    files = [{"name": name, "content": ""} for name in names]
    assert validated(source=None, files=files).entrypoint == entrypoint


def test_an_entrypoint_that_is_not_obvious_must_be_named() -> None:
    files = [{"name": name, "content": ""} for name in ("x.py", "y.py")]
    with pytest.raises(InvalidRequest, match="/entrypoint"):
        validated(source=None, files=files)


def test_expected_output_is_exact_only_in_base64() -> None:
    text = validated(expected_output="a").expected_output
    exact = validated(expected_output_base64="YQ==").expected_output
    assert text is not None
    assert exact is not None
    assert (text.matches(b"a\n"), exact.matches(b"a\n")) == (True, False)


def test_a_name_too_long_is_not_looked_into() -> None:
    files = [{"name": "a/" * 200_000 + "b", "content": ""} for _ in range(2)]
    with pytest.raises(InvalidRequest) as error:
        validated(source=None, files=files)
    assert "/files/0/name" in {problem.pointer for problem in error.value.problems}


def test_so_many_problems_are_listed_and_no_more() -> None:
    files = [{"name": "..", "content": "", "encoding": "x"} for _ in range(64)]
    with pytest.raises(InvalidRequest) as error:
        validated(source=None, files=files)
    assert len(error.value.problems) == MAX_PROBLEMS == 20


def problems_of(**fields: object) -> set[str]:
    with pytest.raises(InvalidRequest) as error:
        validated(**fields)
    return {problem.pointer for problem in error.value.problems}


def test_arguments_for_the_compiler_need_one() -> None:
    assert validated(language="c", compile_args=["-O3"]).compile_args == ("-O3",)
    assert validated(compile_args=[]).compile_args == ()
    assert problems_of(compile_args=["-O3"]) == {"/compile_args"}


def test_arguments_for_the_compiler_obey_the_maxima_of_the_program_s() -> None:
    assert problems_of(language="c", compile_args=["x"] * 65) == {"/compile_args"}
    assert problems_of(language="c", compile_args=["x" * 20_000]) == {"/compile_args"}
    assert problems_of(language="c", compile_args=["x", "\0"]) == {"/compile_args/1"}


@pytest.mark.parametrize(
    ("fields", "buffering"),
    [
        ({}, Buffering.LINE),
        ({"expected_output": ""}, Buffering.BLOCK),
        ({"expected_output_base64": "AA=="}, Buffering.BLOCK),
        ({"tests": [{}]}, Buffering.BLOCK),
        ({"checker": COMPILED}, Buffering.BLOCK),
        ({"expected_output": "1", "buffering": "line"}, Buffering.LINE),
        ({"buffering": "block"}, Buffering.BLOCK),
    ],
)
def test_output_that_only_a_judge_reads_is_buffered(
    fields: dict[str, str], buffering: Buffering
) -> None:
    assert validated(**fields).buffering is buffering


def test_a_word_that_is_no_choice_is_refused() -> None:
    assert problems_of(streams="both", buffering="") == {"/streams", "/buffering"}


def test_a_leading_byte_order_mark_is_no_part_of_a_source() -> None:
    (file,) = validated(source="\ufeffecho \ufeff").files
    assert file.content.decode() == "echo \ufeff"


def test_a_file_keeps_its_byte_order_mark() -> None:
    (file,) = validated(source=None, files=[{"name": "a", "content": "\ufeffx"}]).files
    assert file.content.decode() == "\ufeffx"


def test_a_byte_order_mark_in_front_of_an_expected_text_may_be_missing() -> None:
    text = validated(expected_output="\ufeffok").expected_output
    exact = validated(expected_output_base64="77u/b2s=").expected_output
    assert text
    assert exact
    assert text.matches(b"ok\n")
    assert text.matches("\ufeffok\n".encode())
    assert not text.matches("\ufeff\ufeffok".encode())
    assert not exact.matches(b"ok")


@pytest.mark.parametrize("entrypoint", ["main.py", "./main.py", None])
def test_a_dot_and_slash_in_front_of_a_name_do_not_count(entrypoint: str | None) -> None:
    files = [{"name": "./main.py", "content": ""}, {"name": "./a/b", "content": ""}]
    submission = validated(source=None, files=files, entrypoint=entrypoint)
    assert [file.name for file in submission.files] == ["main.py", "a/b"]
    assert submission.entrypoint == "main.py"


def test_a_single_source_may_be_named_with_a_dot_and_slash() -> None:
    assert validated(entrypoint="./main.py").entrypoint == "main.py"


def test_names_that_differ_by_a_dot_and_slash_are_the_same() -> None:
    files = [{"name": name, "content": ""} for name in ("main.py", "./main.py")]
    assert problems_of(source=None, files=files) == {"/files/1/name"}


@pytest.mark.parametrize("name", ["./", ".", "././a", ".//a", "a/./b", "./../a"])
def test_other_dots_in_a_name_are_refused(name: str) -> None:
    file = {"name": name, "content": ""}
    assert "/files/0/name" in problems_of(source=None, files=[file])


def test_a_language_has_aliases_that_are_not_another_s_name() -> None:
    assert validated(language="gcc").language == "c"
    assert validated(language="python").language == "python"


def test_a_stack_is_as_large_as_was_asked_for() -> None:
    asked = {"memory_mib": 512, "stack_mib": 512.0}

    assert validated(limits=asked).limits.stack_mib == 512
    assert validated().limits.stack_mib is None


def test_a_stack_larger_than_the_memory_is_refused() -> None:
    with pytest.raises(InvalidRequest) as raised:
        validated(limits={"memory_mib": 64, "stack_mib": 65})

    assert [(problem.pointer, problem.detail) for problem in raised.value.problems] == [
        ("/limits/stack_mib", "must not exceed memory_mib, which is 64")
    ]


@pytest.mark.parametrize(("depth", "accepted"), [(71, True), (72, False)])
def test_files_and_folders_fit_on_the_disk(depth: int, accepted: bool) -> None:
    """Each takes an inode, of which a limit of 16 MiB has 4,096."""
    names = [f"{'d/' * 9}{number}/{'d/' * (depth - 10)}f" for number in range(64)]
    sent = {
        "language": "python",
        "files": [{"name": name, "content": ""} for name in names],
        "entrypoint": names[0],
    }

    problems = problems_with(sent, Policy())

    assert [problem.pointer for problem in problems] == ([] if accepted else ["/files"])


def test_problems_elsewhere_in_the_request_are_listed_but_hide_none_of_the_body() -> None:
    problems = Problems(most=3)
    problems.elsewhere("query").add_unreadable("/wait", "is too long")
    assert problems.none_at("")
    problems.add("/wait", "is not a known field")
    problems.elsewhere("header").add("/wait", "is empty")
    assert [found.where for found in problems.found] == ["query", "body", "header"]
    assert problems.full
    assert problems.elsewhere("query").full
