"""Each example of the web page's playground does in the sandbox what its author promised."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from app.domain.language import Language
from app.domain.policy import DEFAULT_LIMITS, MAX_LIMITS, Policy
from tests.support.page_code import PageCode
from tests.support.sandbox_daemon import SandboxDaemon, a_run

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

UNHURRIED = replace(DEFAULT_LIMITS, wall_seconds=MAX_LIMITS.wall_seconds)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> PageCode:
    return PageCode("playground/examples.ts", tmp_path_factory.mktemp("examples"))


def runs(example: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each input, and what has to be printed for it."""
    for test in example["tests"]:
        yield test["stdin"], test["expected"]
    if not example["tests"]:
        name = example["stdin"].strip() or "world"
        yield example["stdin"], f"Hello, {name}!\n"


def test_examples_print_what_they_promise(code: PageCode, sandbox: SandboxDaemon) -> None:
    languages = [*sandbox.runtime.languages()]
    offered = code.call("examplesOf", [[each.name, []] for each in languages])
    pairs = [
        (language, example)
        for language, names in zip(languages, offered, strict=True)
        for example in names
    ]
    written = code.call("exampleOf", [[each, of.name, of.source_name] for of, each in pairs])

    def printed(language: Language, example: dict[str, Any]) -> list[str]:
        compile_limits = Policy().compile_limits(language.accepts, language.compile_needs).default
        given = [a_run(stdin=stdin.encode(), limits=UNHURRIED) for stdin, _ in runs(example)]
        [file] = example["files"]
        limits = replace(compile_limits, wall_seconds=UNHURRIED.wall_seconds)
        _, output = sandbox.run(
            language.name, file["content"], runs=tuple(given), compile_limits=limits
        )
        return [f"{run.stdout!r} {run.stderr!r}" if run else "nothing" for run in output.runs]

    with ThreadPoolExecutor(sandbox.bays) as pool:
        found = pool.map(printed, [language for language, _ in pairs], written)
    for (language, name), example, output in zip(pairs, written, found, strict=True):
        expected = [f"{text.encode()!r} b''" for _, text in runs(example)]
        assert output == expected, f"{name} in {language.name} {language.version}"
