"""Where `podline run` takes the program, its language, its arguments and its stdin from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.program.language import language_of
from podline import Language
from tests.cli.conftest import Podline
from tests.cli.terminal import through_a_shell
from tests.support.service import Service

HELLO = "print('hello')\n"
LANGUAGES = [
    Language(name=name, version=version, source_name="main.x", compiled=False, aliases=aliases)
    for name, aliases in (("python", ("python3", "py")), ("javascript", ("node",)), ("bash", ()))
    for version in ("1", "2")
]


def piped(service: Service, source: str, *args: str) -> Result:
    target = ["--url", service.url, "--key", service.key]
    return CliRunner().invoke(main, ["run", *target, *args], input=source)


def through_bash(service: Service, script: str, *args: str) -> str:
    done = through_a_shell(script, *args, PODLINE_URL=service.url, PODLINE_KEY=service.key)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def sent(service: Service) -> Mapping[str, Any]:
    (request,) = service.asked("POST", "/api/v1/executions")
    body: Mapping[str, Any] = request["body"]
    return body


def test_a_program_from_stdin_has_the_name_that_its_language_gives_it(service: Service) -> None:
    assert piped(service, HELLO, "--language", "python", "-", "a", "--", "-b").exit_code == 0
    body = sent(service)
    assert (body["language"], body["entrypoint"]) == ("python", "main.py")
    assert body["files"] == [{"name": "main.py", "content": HELLO, "encoding": "utf-8"}]
    assert body["args"] == ["a", "-b"]
    assert "stdin" not in body


def test_a_program_from_stdin_can_name_its_language_itself(service: Service) -> None:
    assert piped(service, "#!/usr/bin/env python\n", "-").exit_code == 0
    assert sent(service)["language"] == "python"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-"], "unknown language of the program from stdin: choose one with --language"),
        (["-", "--language", "python", "--stdin", "-"], "can't be both the program and its input"),
    ],
)
def test_what_stdin_can_not_be(args: list[str], said: str, service: Service) -> None:
    done = piped(service, HELLO, *args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not service.asked("POST", "/api/v1/executions")


def test_other_files_beside_a_program_from_stdin(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text("")
    (folder / "other.py").write_text("")
    args = ("-", "--language", "python", "--file")
    assert "the same name, main.py" in piped(service, HELLO, *args, "main.py").stderr
    assert piped(service, HELLO, *args, "other.py").exit_code == 0
    assert [file["name"] for file in sent(service)["files"]] == ["main.py", "other.py"]


def test_arguments_follow_the_options(service: Service, podline: Podline, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    podline("run", "main.py", "--arg", "1", "--", "--json", "-h", "")
    assert sent(service)["args"] == ["1", "--json", "-h", ""]


def test_a_batch_takes_no_arguments(podline: Podline, folder: Path) -> None:
    (folder / "all.jsonl").write_text("")
    done = podline("submit", "--batch", "all.jsonl", "--", "a")
    assert done.exit_code == 2
    assert "ARG can't be combined with --batch" in done.stderr
    assert "can't read a batch from stdin" in podline("submit", "--batch", "-").stderr


def test_a_file_as_stdin_needs_no_option(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    (folder / "in").write_text("line\n")
    through_bash(service, 'podline run "$1" < "$2"', str(folder / "main.py"), str(folder / "in"))
    assert sent(service)["stdin"] == "line\n"


def test_without_a_file_as_stdin_nothing_is_read(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    script = (
        'podline run "$1" <&-; podline run "$1" < /dev/null; podline run "$1" < <(sleep 5 2>&-)'
    )
    through_bash(service, script, str(folder / "main.py"))
    requests = service.asked("POST", "/api/v1/executions")
    assert ["stdin" in request["body"] for request in requests] == [False] * 3


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/usr/bin/env python3.11\n", "python"),
        (b"#!/usr/bin/python3", "python"),
        (b"#! /usr/bin/env -S node --trace-warnings\n", "javascript"),
        (b"#!/bin/bash -e\r\n", "bash"),
    ],
)
def test_a_shebang_line_names_the_language(line: bytes, language: str) -> None:
    assert language_of(Path("tool"), LANGUAGES, line) == language


@pytest.mark.parametrize("line", [b"", b"#!", b"#!/bin/cobol\n", b"# !/bin/bash", b"\n#!/bin/bash"])
def test_other_first_lines_name_none(line: bytes) -> None:
    with pytest.raises(click.UsageError, match="unknown language of tool"):
        language_of(Path("tool"), LANGUAGES, line)
