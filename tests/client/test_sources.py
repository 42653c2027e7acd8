"""Programs, inputs and checkers from files and folders."""

import os
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import podline
from podline import Client, InvalidArgument, Program, read_program
from podline.sources import read_file, read_folder
from tests.support.service import Service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("main.py", "lib/b.py", "lib/a.py", ".env", ".git/x", "lib/__pycache__/a.pyc"):
        path = tmp_path / "program" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "program"


def sent(service: Service) -> Mapping[str, Any]:
    body: Mapping[str, Any] = service.asked("POST", "/api/v1/executions")[-1]["body"]
    return body


def text(name: str, content: str | None = None) -> Mapping[str, str]:
    return {"name": name, "content": content or name, "encoding": "utf-8"}


def test_a_file_keeps_its_name(service: Service, client: Client, folder: Path) -> None:
    client.submit(folder / "main.py", language="python", files={"more.txt": folder / "lib/a.py"})
    assert sent(service) == {
        "language": "python",
        "files": [text("main.py"), text("more.txt", "lib/a.py")],
        "entrypoint": "main.py",
    }


def test_a_folder_with_its_folders(service: Service, client: Client, folder: Path) -> None:
    client.run(folder, language="python", entrypoint="main.py", files={"x": "1"})
    assert sent(service) == {
        "language": "python",
        "files": [text("main.py"), text("lib/a.py"), text("lib/b.py"), text("x", "1")],
        "entrypoint": "main.py",
    }


def test_inputs_from_files(service: Service, client: Client, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\xff")
    (tmp_path / "out").write_text("text")
    (tmp_path / "check.py").write_text("check")
    tests = [podline.Test(stdin=tmp_path / "out", expected_output=tmp_path / "in")]
    client.judge("", language="python", tests=tests, stdin=tmp_path / "in")
    client.submit(
        "",
        language="python",
        expected_output=tmp_path / "out",
        checker={"language": "python", "source": tmp_path / "check.py"},
    )
    judged, checked = (each["body"] for each in service.asked("POST", "/api/v1/executions"))
    assert judged["stdin_base64"] == "/w=="
    assert judged["tests"] == [{"stdin": "text", "expected_output_base64": "/w=="}]
    assert checked["expected_output"] == "text"
    assert checked["checker"] == {
        "language": "python",
        "files": [text("check.py", "check")],
        "entrypoint": "check.py",
    }


def test_a_large_text_is_sent_in_its_shorter_form(
    service: Service, client: Client, tmp_path: Path
) -> None:
    zeros, letters = "\0" * 2**20, "x" * 2**20
    (tmp_path / "in").write_text(zeros)
    for content in (zeros, zeros.encode(), tmp_path / "in"):
        client.submit(language="python", stdin=content, files={"a": content})
        body = sent(service)
        assert b64decode(body["stdin_base64"]) == zeros.encode()
        assert body["files"][0]["encoding"] == "base64"
    client.submit("", language="python", stdin=letters)
    assert sent(service)["stdin"] == letters
    client.submit("", language="python", stdin=zeros[1:])
    assert sent(service)["stdin"] == zeros[1:]
    client.submit("", language="python", expected_output=tmp_path / "in")
    assert sent(service)["expected_output"] == zeros


def test_many_from_files(service: Service, client: Client, folder: Path) -> None:
    client.submit_many([Program(language="python", source=folder / "main.py")])
    (request,) = service.asked("POST", "/api/v1/batches")
    assert request["body"]["executions"][0]["entrypoint"] == "main.py"


def test_one_name_twice(client: Client, folder: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"both `source` and `files` have a file 'main.py'"):
        client.submit(folder / "main.py", language="python", files={"main.py": ""})


def test_a_file_that_is_missing(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.submit(tmp_path / "missing.py", language="python")


def test_the_entrypoint_of_a_folder(folder: Path) -> None:
    with pytest.raises(InvalidArgument, match="has 3 files: name one as the entrypoint"):
        read_program(folder)
    with pytest.raises(InvalidArgument, match=r"has no file '\.env'"):
        read_program(folder, ".env")
    assert read_program(folder / "lib", "a.py")[1] == "a.py"
    (folder / "lib" / "a.py").unlink()
    assert read_program(folder / "lib") == ({"b.py": b"lib/b.py"}, "b.py")
    (folder / ".git" / "x").unlink()
    with pytest.raises(InvalidArgument, match=r"\.git has no files, apart from those"):
        read_program(folder / ".git")


def test_links_stay_in_the_folder(folder: Path) -> None:
    (folder / "link.py").symlink_to("lib/a.py")
    assert read_folder(folder)["link.py"] == b"lib/a.py"
    (folder / "out").symlink_to("/etc/passwd")
    with pytest.raises(InvalidArgument, match="out is a link that leads out of the folder"):
        read_folder(folder)


def test_links_to_folders_are_refused(folder: Path) -> None:
    (folder / "loop").symlink_to(".")
    with pytest.raises(InvalidArgument, match="loop is not a file"):
        read_folder(folder)


def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "lib" / "pipe")
    with pytest.raises(InvalidArgument, match="pipe is not a file"):
        read_folder(folder)


def test_more_than_any_service_accepts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sum(map(len, read_folder(folder).values()))
    monkeypatch.setattr("podline.sources._TOO_MUCH", whole)
    assert len(read_folder(folder)) == 3
    monkeypatch.setattr("podline.sources._TOO_MUCH", whole - 1)
    with pytest.raises(InvalidArgument, match=r"lib/b\.py is larger than any service accepts"):
        read_folder(folder)
    monkeypatch.setattr("podline.sources._TOO_MUCH", whole)
    monkeypatch.setattr("podline.sources._TOO_MANY", 2)
    with pytest.raises(InvalidArgument, match="has more files than"):
        read_folder(folder)


def test_a_device_has_no_end() -> None:
    with pytest.raises(InvalidArgument, match="/dev/zero is larger"):
        read_file(Path("/dev/zero"), 1000)
