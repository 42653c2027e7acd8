"""Every language, with every kind of input and output."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from app.domain.errors import RunRefused
from app.domain.language import Language
from app.domain.policy import DEFAULT_LIMITS, MAX_LIMITS, Policy
from app.domain.report import Observation, Output, StageReport
from app.domain.submission import File
from sandbox.languages import load
from tests.sandbox.language_programs import (
    ARGUMENTS,
    BEFORE,
    FAIL,
    HOW_IT_FAILS,
    STDERR,
    STDIN,
    STDOUT,
    WORD,
    broken,
    files_of,
)
from tests.support.sandbox_daemon import SandboxDaemon, a_run

Ended = tuple[Observation, Output]
RunOf = Callable[[str, str], Ended]

UNHURRIED = replace(DEFAULT_LIMITS, wall_seconds=MAX_LIMITS.wall_seconds)
"""Many run at once here, on a machine that may have other work too: CPU time alone is limited."""

each_language = pytest.mark.parametrize("name", load())


def all_runs(language: Language) -> dict[str, dict[str, Any]]:
    compile_limits = Policy().compile_limits(language.accepts, language.compile_needs).default
    given = {"args": ARGUMENTS, "env": {"WORD": WORD}, "stdin": STDIN}
    works, alone = (
        a_run(**given, limits=limits) for limits in (UNHURRIED, replace(UNHURRIED, processes=1))
    )
    fails = a_run(args=(FAIL,), limits=UNHURRIED)
    facts = {"compile_limits": replace(compile_limits, wall_seconds=UNHURRIED.wall_seconds)}
    return {
        "good": facts
        | {"files": files_of(language.name), "runs": (works, alone, fails)}
        | named_like_an_option(language),
        "broken": facts
        | {"files": (File(language.source_name, broken(language.name)),), "limits": UNHURRIED},
    }


def named_like_an_option(language: Language) -> dict[str, Any]:
    """Its first file. In Java another one, as a class has its file's name; Go refuses them all."""
    first, suffix = language.source_name, PurePath(language.source_name).suffix
    name = f"-c{suffix}"
    if language.name == "go":
        return {}
    if language.name == "java":
        return {"files": (*files_of("java"), File(name, b"class Other {}"))}
    files = [
        File(name if file.name == first else file.name, file.content)
        for file in files_of(language.name)
    ]
    return {"files": tuple(files), "entrypoint": name}


@pytest.fixture(scope="module")
def run_of(sandbox: SandboxDaemon) -> Iterator[RunOf]:
    """How a language's program ended. All programs are started at once."""
    begun: dict[tuple[str, str], Future[Ended]] = {}
    with ThreadPoolExecutor(sandbox.bays) as pool:
        for language in sandbox.runtime.languages():
            for kind, facts in all_runs(language).items():
                run = pool.submit(sandbox.run, language.name, "", **facts)
                begun[language.name, kind] = run

        def ended(name: str, kind: str) -> Ended:
            if (name, kind) not in begun:
                not_installed(name)
            return begun[name, kind].result()

        yield ended


def not_installed(name: str) -> None:
    message = f"{name} IS NOT TESTED: it is not installed here; .ci/run says what to install"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def stage(observation: Observation, compiled: bool, run: int = 0) -> StageReport:
    assert observation.report, observation.message
    report = observation.report.compile if compiled else observation.report.runs[run]
    assert report, observation
    return report


@each_language
def test_a_program_gets_all_that_it_is_given_and_its_output_is_kept(
    run_of: RunOf, name: str
) -> None:
    """Arguments, environment, stdin, a second file; text that is not ASCII, and every byte.

    Its file's name looks like an option, which neither interpreter nor compiler takes it for.
    """
    observation, output = run_of(name, "good")

    assert output.run, output.compile
    assert output.run.stdout.decode() == STDOUT
    assert output.run.stderr == STDERR
    assert stage(observation, compiled=False).exit_code == 0


@each_language
def test_a_program_that_fails_has_its_exit_code_and_what_it_printed_before(
    run_of: RunOf, name: str
) -> None:
    observation, output = run_of(name, "good")

    run = stage(observation, compiled=False, run=2)
    assert (run.signal or run.exit_code) == HOW_IT_FAILS[name]
    _, _, failed = output.runs
    assert failed
    assert failed.stdout == BEFORE


@each_language
def test_a_program_that_can_t_be_read_is_told_why(run_of: RunOf, name: str) -> None:
    observation, output = run_of(name, "broken")

    assert observation.report
    compiled = observation.report.compile is not None
    assert stage(observation, compiled).exit_code not in (0, None)
    printed = output.compile if compiled else output.run
    assert printed
    assert b"never" in printed.stdout + printed.stderr or b"main." in printed.stderr
    assert not (compiled and output.run)


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        (
            "java",
            "class Main { public static void main(String[] a) {"
            " var all = new java.util.ArrayList<byte[]>();"
            " while (true) all.add(new byte[1 << 20]); } }",
            b"OutOfMemoryError",
        ),
        (
            "javascript",
            "const all = []; for (;;) all.push(new Array(100000).fill(all.length + 0.5))",
            b"heap out of memory",
        ),
    ],
)
def test_a_heap_fits_in_the_memory_limit(
    sandbox: SandboxDaemon, name: str, source: str, words: bytes
) -> None:
    """So the runtime itself reports that memory is full, before the kernel kills it."""
    observation, output = sandbox.run(name, source)

    assert output.run
    assert words in output.run.stderr
    assert stage(observation, compiled=False).stopped_by is None


@pytest.mark.parametrize("name", ["javascript", "typescript", "java", "go", "rust"])
def test_threads_of_the_runtime_do_not_count(run_of: RunOf, name: str) -> None:
    _, output = run_of(name, "good")

    _, alone, _ = output.runs
    assert alone, output.compile
    assert alone.stdout.decode() == STDOUT


@pytest.mark.parametrize("name", ["c", "cpp"])
def test_compiling_has_a_report_of_its_own(sandbox: SandboxDaemon, name: str) -> None:
    observation, output = sandbox.run(name, '#warning "look"\nint main(void) { return 0; }')

    assert stage(observation, compiled=True).exit_code == 0
    assert stage(observation, compiled=False).exit_code == 0
    assert output.compile
    assert b"look" in output.compile.stderr
    assert output.run
    assert output.run.stderr == b""


def test_a_module_of_go_has_packages(run_of: RunOf, sandbox: SandboxDaemon) -> None:
    run_of("go", "good")
    sources = {
        "go.mod": "module example\n\ngo 1.18\n",
        "main.go": 'package main\n\nimport "example/lib"\n\nfunc main() { println(lib.Answer) }\n',
        "lib/answer.go": "package lib\n\nconst Answer = 42\n",
    }
    files = tuple(File(path, source.encode()) for path, source in sources.items())

    _, output = sandbox.run("go", "", files=files, entrypoint="main.go")

    assert output.run, output.compile
    assert output.run.stderr == b"42\n"


def test_stdin_is_whole_up_to_its_maximum(sandbox: SandboxDaemon) -> None:
    stdin = b"0123456789abcde\n" * (256 * 1024 // 16)

    _, output = sandbox.run(
        "bash", "cat", stdin=stdin, limits=replace(DEFAULT_LIMITS, output_kib=512)
    )

    assert output.run
    assert output.run.stdout == stdin


def test_a_file_that_is_not_utf_8_reaches_the_program(sandbox: SandboxDaemon) -> None:
    files = (File("main.sh", b"cat data"), File("data", bytes(range(256))))

    _, output = sandbox.run("bash", "", files=files)

    assert output.run
    assert output.run.stdout == bytes(range(256))


def test_streams_can_be_opened_by_name(sandbox: SandboxDaemon) -> None:
    source = "cat /dev/stdin > /dev/stderr; echo out > /dev/stdout; cat <(echo other)"

    _, output = sandbox.run("bash", source, stdin=b"in\n")

    assert output.run
    assert output.run.stderr == b"in\n"
    assert output.run.stdout == b"out\nother\n"


def test_versions_are_full(sandbox: SandboxDaemon) -> None:
    """As the tool chain says it; those of bash have three parts, as those of most do."""
    for found in sandbox.runtime.languages():
        assert "." in found.version, found
    versions = {found.name: found.version for found in sandbox.runtime.languages()}
    for name in ("python", "bash", "c", "cpp", "perl"):
        assert versions[name].count(".") == 2, name


def test_a_program_accepted_for_a_shorter_version_is_run(sandbox: SandboxDaemon) -> None:
    bash = next(each for each in sandbox.runtime.languages() if each.name == "bash")
    series = bash.version.rpartition(".")[0]

    for version in (series, f"{series}.9999"):
        _, output = sandbox.run("bash", "echo ran", language_version=version)
        assert output.run
        assert output.run.stdout == b"ran\n"


def test_a_program_accepted_for_another_series_is_refused(sandbox: SandboxDaemon) -> None:
    with pytest.raises(RunRefused, match=r"bash 0\.1\.2"):
        sandbox.run("bash", "echo ran", language_version="0.1.2")
