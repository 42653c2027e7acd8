"""Nobody can block a sandbox by creating a folder first, and none sees another's keys."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.init.protocol import INIT
from tests.sandbox.test_ordinary_user import BECOME_USER, USER
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

OTHER_USER = 12399
OWN_FOLDERS = """\
for folder in /tmp /var/tmp /dev/shm $EMPTY; do mount -t tmpfs none $folder; done
chmod 1777 /tmp /var/tmp /dev/shm
[ -z "$EMPTY" ] || chmod 755 $EMPTY
for name in /tmp/nsjail.$USER_ID.root /tmp/nsjail.$USER_ID.tmp \\
            /dev/shm/nsjail.$USER_ID.root /dev/shm/nsjail.$USER_ID.tmp; do
    : > $name
    chmod 600 $name
    chown $OTHER_USER $name
done
exec "$@"
"""
"""Starts a command where another user was first with all names that can be guessed."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture(
    params=[
        pytest.param((0, ""), id="root"),
        pytest.param((USER, ""), id="ordinary user", marks=pytest.mark.long),
        pytest.param((USER, "/run"), id="ordinary user without /run/user"),
    ],
)
def daemon(request: pytest.FixtureRequest) -> Iterator[SandboxDaemon]:
    """In a separate mount namespace, so that it takes no names from others."""
    uid, empty = request.param
    become_user = BECOME_USER if uid else ()
    if subprocess.run([*become_user, sys.executable, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"another user can't run {sys.executable}")
    env = {"USER_ID": uid, "OTHER_USER": OTHER_USER, "EMPTY": empty}
    with tempfile.TemporaryDirectory(dir="/srv") as name:
        os.chown(name, uid, uid)
        daemon = SandboxDaemon(
            Path(name),
            bays=1,
            wrapper=(
                *("env", *(f"{variable}={value}" for variable, value in env.items())),
                *("unshare", "--mount", "/bin/sh", "-ec", OWN_FOLDERS, "sh", *become_user),
            ),
        )
        daemon.start()
        yield daemon
        daemon.stop()


def test_names_that_others_took_are_not_needed(daemon: SandboxDaemon) -> None:
    _, output = daemon.run("bash", "echo started")

    assert output.run
    assert output.run.stdout == b"started\n"
    assert {path.lstat().st_uid for path in names_of_ours(daemon)} == {OTHER_USER}
    wait_until(lambda: len(daemon.waiting_jails()) == 1)
    assert_jails_end_with(daemon)


def names_of_ours(daemon: SandboxDaemon) -> set[Path]:
    """In the folders that everybody can write to. Tool chains leave others there."""
    root = Path(f"/proc/{daemon.pid}/root")
    found = {path for name in ("tmp", "var/tmp", "dev/shm") for path in (root / name).iterdir()}
    return {path for path in found if "nsjail" in path.name or "podline" in path.name}


def assert_jails_end_with(daemon: SandboxDaemon) -> None:
    """In namespaces of their own, too."""
    processes = daemon.processes()
    assert processes
    daemon.kill()
    for process in processes:
        process.wait(60)


def test_a_command_has_a_session_keyring_of_its_own() -> None:
    """Asked for by its number (keyctl(2), KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING)."""
    keyctl = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
    asks = f"import ctypes; print(ctypes.CDLL(None).syscall({keyctl}, 0, ctypes.c_int(-3), 0))"
    ours = int(subprocess.check_output([sys.executable, "-c", asks]))
    if ours < 0:
        pytest.skip("keys of the kernel are not available here")

    command = [str(INIT), str(os.getpid()), sys.executable, "-c", asks]
    theirs = [int(subprocess.check_output(command)) for _ in range(2)]

    assert len({ours, *theirs}) == 3
    assert min(theirs) > 0
