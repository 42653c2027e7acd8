"""If a newer release has written the data, each program ends and says what to do."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

PODLINE = str(Path(sys.executable).with_name("podline"))
ROOT = Path(__file__).parents[2]
NEWER = 99


def run(data_dir: Path, redis_url: str, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"PODLINE_DATA_DIR": str(data_dir), "PODLINE_REDIS_URL": redis_url}
    return subprocess.run(
        command,
        env=os.environ | (settings if "up" not in command else {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("up", "podline.db"),
        ("up", "events.db"),
        ("api", "podline.db"),
        ("worker", "events.db"),
        pytest.param("api", "events.db", marks=pytest.mark.long),
        pytest.param("worker", "podline.db", marks=pytest.mark.long),
    ],
)
def test_a_program_ends(program: str, name: str, tmp_path: Path, redis_url: str) -> None:
    with closing(sqlite3.connect(tmp_path / name)) as newer:
        newer.execute(f"PRAGMA user_version = {NEWER}")
    commands = {
        "up": (PODLINE, "up", "--data-dir", str(tmp_path)),
        "api": (sys.executable, "-m", "app.server", "--bind", "127.0.0.1:0"),
        "worker": (sys.executable, "-m", "celery", "-A", "tasks", "worker", "-Q", "saga"),
    }

    ended = run(tmp_path, redis_url, *commands[program])

    assert ended.returncode == 1
    assert f"{name} has version {NEWER}" in ended.stderr
    assert "Run the newer release, or restore a backup" in ended.stderr
    assert "Traceback" not in ended.stderr
    with closing(sqlite3.connect(tmp_path / name)) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (NEWER,)
