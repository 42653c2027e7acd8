"""The scripts that start what is no program in a language, run by a shell of this host."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from app.api.doors.judge0.languages import FAMILIES, Kind
from app.api.doors.judge0.scripts import (
    COMPILE_FAILED,
    COMPILE_OUTPUT,
    STARTS,
    compiles,
    is_ours,
    source_name,
    started_by,
)
from app.domain.submission import File
from tests.support.builders import a_submission

PRINT: Final = "echo ran $0 with $# arguments"


def started(
    folder: Path, kind: Kind, *args: str, stdin: str = "", **files: str
) -> subprocess.CompletedProcess[str]:
    """`__` in a name is a dot."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    (script,) = STARTS[kind]
    (folder / script.name).write_bytes(script.content)
    return subprocess.run(
        ["bash", script.name, *args],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


class TestMultiFilePrograms:
    @pytest.mark.parametrize("name", ["run", "run.sh"])
    def test_are_started_by_either_name(self, tmp_path: Path, name: str) -> None:
        found = started(tmp_path, Kind.SCRIPTS, **{name.replace(".", "__"): PRINT})
        assert (found.stdout, found.stderr) == (f"ran {name} with 0 arguments\n", "")
        assert not (tmp_path / COMPILE_OUTPUT).exists()

    @pytest.mark.parametrize("name", ["compile", "compile.sh"])
    def test_are_compiled_first(self, tmp_path: Path, name: str) -> None:
        compile = "echo warning >&2; echo cat >made; read line && echo read; true"
        scripts = {name.replace(".", "__"): compile, "run": "bash made"}
        found = started(tmp_path, Kind.SCRIPTS, stdin="in\n", **scripts)
        assert (found.stdout, found.stderr, found.returncode) == ("in\n", "", 0)
        assert (tmp_path / COMPILE_OUTPUT).read_text() == "warning\n"
        assert not (tmp_path / COMPILE_FAILED).exists()

    def test_are_compiled_once(self, tmp_path: Path) -> None:
        scripts = {"compile": "echo one", "compile__sh": "echo two", "run": "true"}
        assert started(tmp_path, Kind.SCRIPTS, **scripts).returncode == 0
        assert (tmp_path / COMPILE_OUTPUT).read_text() == "one\n"

    @pytest.mark.parametrize("end", ["exit 3", "kill -9 $$"])
    def test_do_not_run_if_they_do_not_compile(self, tmp_path: Path, end: str) -> None:
        found = started(tmp_path, Kind.SCRIPTS, compile=f"echo no; {end}", run=PRINT)
        assert (found.stdout, found.returncode) == ("", 1)
        assert found.stderr.endswith("no\n")
        assert (tmp_path / COMPILE_FAILED).exists()
        assert (tmp_path / COMPILE_OUTPUT).read_text().startswith("no\n")

    def test_without_a_script_fail(self, tmp_path: Path) -> None:
        assert started(tmp_path, Kind.SCRIPTS).returncode == 127

    def test_have_the_exit_code_of_their_script(self, tmp_path: Path) -> None:
        assert started(tmp_path, Kind.SCRIPTS, run="exit 7").returncode == 7

    def test_that_compile_are_known(self) -> None:
        assert compiles([File("run", b""), File("compile.sh", b"")])
        assert not compiles([File("run", b""), File("src/compile", b"")])


def test_a_text_is_printed_as_it_is(tmp_path: Path) -> None:
    text = "$HOME `date`\n\\n no end"
    assert started(tmp_path, Kind.TEXT, text__txt=text).stdout == text


def test_a_binary_gets_the_arguments(tmp_path: Path) -> None:
    found = started(tmp_path, Kind.BINARY, "a b", "", a__out=f"#!/bin/sh\n{PRINT}\n")
    assert found.stdout.endswith("a.out with 2 arguments\n")


def test_a_source_is_never_one_of_our_own_files() -> None:
    for each in FAMILIES:
        assert not is_ours(each.source_file)
        assert is_ours(started_by(each)) == (each.kind is not Kind.SOURCE)


@pytest.mark.parametrize(
    ("language_id", "name"), [(71, "main.py"), (0, "main.py"), (43, "text.txt"), (89, None)]
)
def test_the_file_that_a_client_sent_as_its_source(language_id: int, name: str | None) -> None:
    assert source_name(language_id, a_submission()) == name


def test_of_an_erased_submission_nothing_is_known() -> None:
    assert source_name(71, None) is None
    assert source_name(44, None) == "a.out"
