"""The sandboxes for hostile programs: one run by root, one by an ordinary user."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.field import BAYS, Field, run_all
from tests.hostile.program import Hostile
from tests.support.host import a_host
from tests.support.sandbox_daemon import SandboxDaemon

USER = 12346
BECOME_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


@pytest.fixture(scope="session", params=["as it is", "ordinary user"])
def hostile_sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxDaemon]:
    """A separate daemon, because the tests count what is left behind."""
    as_user = request.param == "ordinary user"
    if as_user:
        _skip_unless_another_user_can_run()
    with tempfile.TemporaryDirectory() as name:
        if as_user:
            os.chown(name, USER, USER)
        wrapper = BECOME_USER if as_user else ()
        daemon = SandboxDaemon(Path(name), bays=BAYS, wrapper=wrapper)
        daemon.start()
        yield daemon
        assert daemon.stop() == 0


def _skip_unless_another_user_can_run() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start it as another user")
    if subprocess.run([*BECOME_USER, sys.executable, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"another user can't run {sys.executable}")


@pytest.fixture(scope="session")
def field(hostile_sandbox: SandboxDaemon, request: pytest.FixtureRequest) -> Iterator[Field]:
    """The results of the selected programs, which ran side by side."""
    asked_for = {
        program.name: program
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        if isinstance(program := item.callspec.params.get("program"), Hostile)
    }
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with a_host(Path(name)) as host:
            yield run_all(hostile_sandbox, list(asked_for.values()), host)
