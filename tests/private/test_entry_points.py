"""Each program that writes to disk keeps the rule, whatever umask and folder it finds.

tests/up/test_up.py has the test of `podline up`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings.folders import runtime_folder
from sandbox.daemon.traces import records
from sandbox.jail import kit
from tests.private import left_open, mode, open_to_others, writable_to_others
from tests.private.conftest import AsOther
from tests.support.sandbox_daemon import SandboxDaemon

CELERY = (sys.executable, "-m", "celery", "-A", "tasks")
WORKER = (*CELERY, "worker", "--without-mingle", "--without-gossip")


def with_umask(umask: str) -> tuple[str, ...]:
    """A command that starts the one after it in that way."""
    return ("sh", "-c", f'umask {umask}; exec "$@"', "sh")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*with_umask("000"), *command],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_sandbox_closes_everything_and_runs_programs(tmp_path: Path) -> None:
    daemon = SandboxDaemon(tmp_path, bays=1, wrapper=with_umask("777"))
    daemon.start()
    try:
        _, output = daemon.run("bash", "cat /etc/passwd")
        assert output.run
        assert output.run.stdout.startswith(b"box:")
        assert not open_to_others(tmp_path / "data", daemon.socket)
        outside = [*Path("/run").glob(f"{kit.name_of(tmp_path / 'data')}*"), *daemon.cgroups()]
        assert not writable_to_others(*(path for path in outside if path != daemon.socket))
        if os.geteuid() == 0:
            assert not open_to_others(records(tmp_path))
    finally:
        assert daemon.stop() == 0


def test_what_others_could_write_to_never_gets_into_a_jail(tmp_path: Path) -> None:
    """A library that another user names in ld.so.preload is loaded by every program."""
    etc = kit.folder_of(tmp_path / "data") / "etc"
    etc.mkdir(parents=True)
    for folder in (etc.parent, etc):
        folder.chmod(0o777)
    (etc / "ld.so.preload").write_text("/usr/lib/evil.so")
    daemon = SandboxDaemon(tmp_path, bays=1)
    daemon.start()
    try:
        _, output = daemon.run("bash", "ls /etc/ld.so.preload")
        assert output.run
        assert output.run.stdout == b""
        assert not writable_to_others(etc.parent)
    finally:
        assert daemon.stop() == 0


@pytest.mark.parametrize("command", [WORKER, (sys.executable, "-m", "app.wsgi")])
def test_others_start_nothing_where_others_write(reachable: Path, command: tuple[str, ...]) -> None:
    (reachable / "open").mkdir()
    (reachable / "open").chmod(0o777)
    refused = run(*command, PODLINE_DATABASE_URL=f"sqlite:///{reachable}/open/x.db")
    assert refused.returncode != 0
    assert f"{reachable}/open can be written to by other users: chmod go-w" in refused.stderr
    assert not list((reachable / "open").iterdir())


def test_the_api_alone_closes_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    left_open(data)
    ping = "import app.wsgi; app.wsgi._ports.store.ping()"
    done = run(sys.executable, "-c", ping, PODLINE_DATA_DIR=str(data))
    assert done.returncode == 0, done.stderr
    assert not open_to_others(data)


def test_the_sandbox_alone_closes_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    left_open(data)
    podline = str(Path(sys.executable).with_name("podline"))
    no_languages = {"PODLINE_LANGUAGES_FILE": "/nonexistent"}  # so it ends at once
    refused = run(podline, "sandbox", PODLINE_DATA_DIR=str(data), **no_languages)
    assert "the sandbox can't start" in refused.stderr
    assert not open_to_others(data)


def test_up_refuses_a_data_folder_that_another_user_made(sticky: Path, as_other: AsOther) -> None:
    as_other(lambda: (sticky / "data").mkdir(0o777))
    podline = str(Path(sys.executable).with_name("podline"))
    refused = run(podline, "up", "--data-dir", str(sticky / "data"), "--port", "0")
    assert refused.returncode != 0
    assert "belongs to another user" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_behind_a_link_of_another_user(sticky: Path, as_other: AsOther) -> None:
    """Closing what it leads to would be enough to break this machine."""
    as_other(lambda: (sticky / "data").symlink_to("/usr/share"))
    podline = str(Path(sys.executable).with_name("podline"))
    refused = run(podline, "up", "--data-dir", str(sticky / "data"), "--port", "0")
    assert refused.returncode != 0
    assert "symbolic link of another user" in refused.stderr
    assert mode(Path("/usr/share")) == 0o755


def test_nothing_has_a_name_in_tmp_that_can_be_guessed(tmp_path: Path) -> None:
    assert not runtime_folder(tmp_path / ("x" * 120)).is_relative_to("/tmp")
    assert not records(Path("/data")).is_relative_to("/tmp")


def test_records_are_not_in_the_folder_that_is_shared_with_the_service() -> None:
    """Compose mounts a volume there, which the service's group may write to."""
    assert records(Path("/data")) != Path("/run/podline")
