"""An entrypoint that its compiler would ignore is renamed like a single source."""

from dataclasses import replace

import pytest

from app.domain.pod import Pod
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.languages import load
from sandbox.languages.commands import Commands
from sandbox.wire.types import File
from tests.support.builders import a_submission

LANGUAGES = load()


def fitted(language: str, *names: str) -> list[str]:
    """The names that the files get, of which the first is the entrypoint."""
    pod = replace(
        for_sandbox(Pod.of("pod-1", a_submission())),
        files=tuple(File(name, name.encode()) for name in names),
        entrypoint=names[0],
    )
    pod = Commands(LANGUAGES[language], "/usr/bin/x", "1").fitted(pod)
    assert [file.content for file in pod.files] == [name.encode() for name in names]
    assert pod.files[0].name == pod.entrypoint
    return [file.name for file in pod.files]


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("go", "sum_test.go", "main.go"),
        ("go", "_sum.go", "main.go"),
        ("go", ".sum.go", "main.go"),
        ("go", "sum_386.go", "main.go"),
        ("go", "sum_windows_arm64.go", "main.go"),
        ("go", "sum", "main.go"),
        ("go", "in_a_folder/sum_test.go", "in_a_folder/main.go"),
        ("go", "test.go", "test.go"),
        ("go", "a_test_folder/two_sum.go", "a_test_folder/two_sum.go"),
        ("c", "sum", "main.c"),
        ("c", "sum.c", "sum.c"),
        ("cpp", "sum.cxx", "sum.cxx"),
        ("java", "sum", "Main.java"),
        ("typescript", "sum.d.ts", "main.ts"),
        ("typescript", "sum.mts", "sum.mts"),
        ("rust", "sum", "sum"),
        ("python", "sum", "sum"),
    ],
)
def test_the_only_file(language: str, name: str, expected: str) -> None:
    assert fitted(language, name) == [expected]


def test_other_files_keep_their_names() -> None:
    assert fitted("go", "a_test.go", "b_test.go") == ["main.go", "b_test.go"]
    assert fitted("go", "a_test.go", "main.go") == ["a_test.go", "main.go"]
