"""Where `podline run` takes the program, its language, its arguments and its stdin from."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import click
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.program.files import stdin_without_option
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
    assert "--batch takes one file; set args in each of its lines" in done.stderr


def test_a_file_as_stdin_needs_no_option(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    (folder / "in").write_text("line\n")
    through_bash(service, 'podline run "$1" < "$2"', str(folder / "main.py"), str(folder / "in"))
    assert sent(service)["stdin"] == "line\n"


def test_a_pipe_as_stdin_needs_no_option(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    through_bash(service, '(sleep 0.1; echo line) | podline run "$1"', str(folder / "main.py"))
    assert sent(service)["stdin"] == "line\n"


def test_without_a_file_or_pipe_as_stdin_nothing_is_read(service: Service, folder: Path) -> None:
    (folder / "main.py").write_text(HELLO)
    through_bash(
        service, 'podline run "$1" <&-; podline run "$1" < /dev/null', str(folder / "main.py")
    )
    requests = service.asked("POST", "/api/v1/executions")
    assert ["stdin" in request["body"] for request in requests] == [False] * 2


class TestStdinWithoutOption:
    """What cron, CI and ssh give a command must not make it wait for ever."""

    @pytest.fixture
    def ends(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """This command's stdin, and its other end."""
        monkeypatch.setattr("app.cli.program.files.SILENCE", 0.01)
        if kind == "pipe":
            reader, writer = (
                os.fdopen(fd, mode) for fd, mode in zip(os.pipe(), ("r", "wb"), strict=True)
            )
            opened: tuple[Any, ...] = (reader, writer)
        else:
            first, second = socket.socketpair()
            opened = (first.makefile("r"), second.makefile("wb"), first, second)
        monkeypatch.setattr("sys.stdin", opened[0])
        yield opened[0].buffer, opened[1]
        for each in opened:
            each.close()

    @pytest.mark.parametrize("kind", ["pipe", "socket"])
    def test_what_arrives_is_read(self, ends: tuple[IO[bytes], IO[bytes]]) -> None:
        ours, theirs = ends
        theirs.write(b"1")
        theirs.flush()
        assert stdin_without_option(Path("main.py")) is ours
        assert stdin_without_option(Path("-")) is None, "it is the program"

    @pytest.mark.parametrize("kind", ["pipe", "socket"])
    def test_silence_is_reported_and_not_waited_for(
        self, ends: tuple[IO[bytes], IO[bytes]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert not ends[1].closed
        assert stdin_without_option(Path("main.py")) is None
        said = capsys.readouterr().err
        assert "nothing arrived on stdin for 0.01 s" in said
        assert "use --stdin -" in said

    @pytest.mark.parametrize("kind", ["pipe"])
    def test_an_end_is_no_silence(
        self, ends: tuple[IO[bytes], IO[bytes]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        ours, theirs = ends
        theirs.close()
        assert stdin_without_option(Path("main.py")) is ours
        assert capsys.readouterr().err == ""

    def test_a_device_is_never_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Path("/dev/zero").open() as device:
            monkeypatch.setattr("sys.stdin", device)
            assert stdin_without_option(Path("main.py")) is None


class TestFolder:
    @pytest.fixture
    def program(self, folder: Path) -> Path:
        for name in ("main.py", "lib/a.py", ".git/config", "__pycache__/main.pyc"):
            path = folder / "program" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return folder / "program"

    def test_all_its_files_are_sent(
        self, service: Service, podline: Podline, program: Path
    ) -> None:
        assert podline("run", program, "--entrypoint", "main.py", "--", "a").exit_code == 0
        body = sent(service)
        assert (body["language"], body["entrypoint"]) == ("python", "main.py")
        assert [file["name"] for file in body["files"]] == ["main.py", "lib/a.py"]
        assert body["args"] == ["a"]

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            ((), "has 2 files: name one as the entrypoint with --entrypoint"),
            (("--entrypoint", "other.py"), "has no file 'other.py' to be the entrypoint"),
            (("--entrypoint", "main.py", "--file", "program/main.py"), "put the file there"),
        ],
    )
    def test_what_is_missing_is_named(
        self, args: tuple[str, ...], said: str, podline: Podline, program: Path
    ) -> None:
        done = podline("run", program, *args)
        assert (done.exit_code, said in done.stderr) == (2, True), done.stderr

    def test_other_faults_of_a_folder_name_no_option(
        self, podline: Podline, folder: Path, program: Path
    ) -> None:
        (folder / "empty").mkdir()
        done = podline("run", "empty")
        assert "empty has no files, apart from those that are left out\n" in done.stderr
        (program / "out").symlink_to("/etc/passwd")
        done = podline("run", program)
        assert "out is a link that leads out of the folder\n" in done.stderr

    def test_a_file_has_no_other_entrypoint(self, podline: Podline, program: Path) -> None:
        done = podline("run", program / "main.py", "--entrypoint", "main.py")
        assert "a file is itself the entrypoint" in done.stderr


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
