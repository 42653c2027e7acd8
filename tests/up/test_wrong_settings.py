"""Each process with wrong settings ends with a line for each of them, and without a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PODLINE: Final = str(Path(sys.executable).with_name("podline"))
CELERY: Final = (sys.executable, "-m", "celery", "-A", "tasks")
API: Final = (sys.executable, "-m", "app.server", "--bind", "127.0.0.1:0")
FLOWER: Final = (sys.executable, "-m", "app.flower", "--port=0")
COMMANDS: Final = [
    (PODLINE, "up"),
    (PODLINE, "host"),
    (PODLINE, "host", "--daemons", "."),
    (PODLINE, "sandbox"),
    (PODLINE, "sandbox", "--drain"),
    (PODLINE, "packages", "list"),
    (PODLINE, "backup", "new.tar"),
    (PODLINE, "restore", __file__),
    (PODLINE, "settings"),
]
SERVICES: Final = {
    "api": API,
    "worker": (*CELERY, "worker", "-Q", "pods"),
    "beat": (*CELERY, "beat"),
    "flower": FLOWER,
}
WRONG: Final = {"PODLINE_MAX_RUNNING": "some", "PODLINE_PROT": "8000"}


def ended(command: tuple[str, ...], **environment: str) -> list[str]:
    """Run the command, which must fail, and return what it says."""
    ended = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1, ended
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.stderr.splitlines()


def assert_named(lines: list[str]) -> None:
    typo, value = sorted(lines, key=lambda line: "PODLINE_MAX_RUNNING" in line)
    assert "PODLINE_PROT: is not a setting; did you mean PODLINE_PORT?" in typo
    assert re.search("max_running: must be .* it is 'some' .from PODLINE_MAX_RUNNING", value)


def test_the_api_logs_a_line_for_each() -> None:
    lines = ended(API, **WRONG)
    assert_named(lines)
    assert all("level=critical role=api" in line for line in lines)


@pytest.mark.long
@pytest.mark.parametrize("role", ["worker", "beat", "flower"])
def test_a_service_logs_a_line_for_each(role: str) -> None:
    lines = ended(SERVICES[role], **WRONG)
    assert_named(lines)
    assert all(f"level=critical role={role} " in line for line in lines)


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[1:]))
def test_a_command_prints_a_line_for_each(command: tuple[str, ...]) -> None:
    first, *lines = ended(command, **WRONG)
    assert first.endswith("wrong settings:")
    assert_named(lines)


@pytest.mark.long
@pytest.mark.parametrize("role", ["api", "beat", "flower"])
def test_a_data_folder_that_is_none_is_one_line(role: str, working_folder: Path) -> None:
    (working_folder / "file").touch()
    last = ended(SERVICES[role], PODLINE_DATA_DIR="file")[-1]
    assert "level=critical" in last
    assert str(working_folder / "file") in last


@pytest.mark.long
@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_file_of_languages_that_is_not_there_is_one_line(role: str) -> None:
    pods = {"PODLINE_RUNTIME_URL": "kubernetes://sandboxes", "KUBECONFIG": "/nowhere"}
    last = ended(SERVICES[role], PODLINE_LANGUAGES_FILE="/nowhere.toml", **pods)[-1]
    assert "wrong setting: PODLINE_LANGUAGES_FILE: " in last
    assert "/nowhere.toml" in last


@pytest.mark.long
@pytest.mark.parametrize(
    ("role", "name", "url", "reason"),
    [
        ("api", "redis_url", "redis://u:hush@h/0?foo=bar", "has the unknown option 'foo'"),
        ("flower", "redis_url", "redis://u:hush@h/abc", "the number of a database"),
        ("api", "PODLINE_DATABASE_URL", "mongodb://u:hush@h/x?foo=bar", "Unknown option: foo"),
        ("worker", "PODLINE_DATABASE_URL", "mongodb://u:hush@h/x?tls=maybe", "value of tls"),
    ],
)
def test_a_wrong_option_of_a_url_is_one_line(role: str, name: str, url: str, reason: str) -> None:
    variable = f"PODLINE_{name.upper().removeprefix('PODLINE_')}"
    lines = ended(SERVICES[role], **{variable: url})
    assert f"wrong setting: {name}: " in lines[-1]
    assert reason in lines[-1]
    assert "hush" not in "".join(lines)


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "port"),
    [
        ((PODLINE, "mcp", "--http", "--port", "8080", "--address", "a..b"), 8080),
        ((sys.executable, "-m", "app.flower", "--port=5555", "--address=a..b"), 5555),
        ((sys.executable, "-m", "app.server", "--bind", "a..b:8000"), 8000),
    ],
)
def test_an_address_that_is_none_is_one_line(command: tuple[str, ...], port: int) -> None:
    secrets = {"PODLINE_FLOWER_PASSWORD": "p" * 43, "PODLINE_KEY": "k" * 43}
    last = ended(command, PODLINE_URL="http://127.0.0.1:1", **secrets)[-1]
    assert re.search(f"can't listen at a..b:{port}: (the name|it is not the name)", last)


@pytest.mark.parametrize("args", [("list",), ("lock", "python"), ("remove", "python", "numpy")])
def test_reading_packages_makes_no_data_folder(args: tuple[str, ...], tmp_path: Path) -> None:
    typo = tmp_path / "podlin"
    (line,) = ended((PODLINE, "packages", *args, "--data-dir", str(typo)))
    assert line == f"podline: there is no data folder {typo}: name another with --data-dir"
    assert not typo.exists()


def test_only_a_file_can_be_restored(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert ended((PODLINE, "restore", str(pipe), "--data-dir", str(tmp_path / "new"))) == [
        f"podline: {pipe} is not a file"
    ]
