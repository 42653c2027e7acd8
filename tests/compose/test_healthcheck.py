"""compose/healthcheck: what hangs is killed, and nothing else."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.compose.test_hosts_file import BASE, COMPOSE, HOSTS

OTHERS: Final = {"mongodb", "redis", "kafka", "prometheus", "grafana"}
"""Images of others, without this script."""
CONTAINER: Final = """
sleep 600 & main=$!
"$@" || echo unhealthy
kill $main
wait $main
[ $? = 143 ] && echo "the main process ran" # and SIGTERM ended it; after SIGKILL, it is 137
"""
"""Like a container, it has its own processes, and a pid 1 that survives all signals of others."""


def checked(folder: Path, *command: str) -> str:
    """What the container prints in which the script runs: nowhere else may it kill anything."""
    namespace = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    inside = ["sh", "-c", CONTAINER, "init", str(COMPOSE / "healthcheck"), *command]
    done = subprocess.run(
        [*namespace, *inside],
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def answered(folder: Path, seconds_ago: int) -> None:
    subprocess.run(["touch", "-d", f"-{seconds_ago} seconds", folder / "answered"], check=True)


def test_what_answers_runs_on(tmp_path: Path) -> None:
    answered(tmp_path, seconds_ago=600)
    before = (tmp_path / "answered").stat().st_mtime
    assert checked(tmp_path, "true") == "the main process ran\n"
    assert (tmp_path / "answered").stat().st_mtime > before + 500


@pytest.mark.parametrize("seconds_ago", [None, 60])
def test_what_has_not_answered_for_a_while_or_never_runs_on(
    seconds_ago: int | None, tmp_path: Path
) -> None:
    if seconds_ago is not None:
        answered(tmp_path, seconds_ago)
    assert checked(tmp_path, "false") == "unhealthy\nthe main process ran\n"


def test_what_has_not_answered_for_three_minutes_is_killed(tmp_path: Path) -> None:
    answered(tmp_path, seconds_ago=200)
    assert checked(tmp_path, "false") == "unhealthy\n"


@pytest.mark.long
def test_what_hangs_does_not_answer(tmp_path: Path) -> None:
    answered(tmp_path, seconds_ago=200)
    assert checked(tmp_path, "sleep", "600") == "unhealthy\n"


@pytest.mark.parametrize("file", [BASE, HOSTS])
def test_every_container_of_podline_has_it(file: dict[str, dict[str, object]]) -> None:
    for name, service in file.items():
        if name not in OTHERS and "image" in service:
            check = service["healthcheck"]
            assert isinstance(check, dict), name
            assert check["test"][:2] == ["CMD", "healthcheck"], name
            assert check["timeout"] == "10s", "longer than the script waits"
            assert "/tmp" in str(service["tmpfs"]), "it is new after each start"
