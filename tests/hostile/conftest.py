"""The sandboxes for hostile programs: one run by root, one by an ordinary user."""

import os
import re
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

HERE = Path(__file__).parent
AS_IT_IS, AS_USER, AS_USER_IN_FULL = "as it is", "ordinary user", "ordinary user, in full"
ELSEWHERE_THAN_AS_ROOT = re.compile(
    r"(cpu|memory|fork|thread|processes|stops|kills|daemon|forged|service|setuid)_|"
    r"(becomes_root|host_files|ignored_signals|mounts|other_sandboxes|ptrace|unshares|watches)\.|"
    r"test_(good_programs|nothing_of|no_link_is_followed|what_one_run_used)"
)
"""Programs and tests that an ordinary user's daemon handles differently: it meters processes by
reading /proc, and has other privileges to protect. Its jails are the same, so the others are left
out, except in `make test-long`.
"""
USER = 12346
BECOME_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    same = [item for item in items if _is_the_same_as_user(item)]
    config.hook.pytest_deselected(items=same)
    items[:] = [item for item in items if item not in same]


def _is_the_same_as_user(item: pytest.Item) -> bool:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    if given.get("whose") != AS_USER:
        return False
    subject = given.get("program") or given.get("path") or item
    return not ELSEWHERE_THAN_AS_ROOT.match(subject.name)


@pytest.fixture(
    scope="session",
    params=[AS_IT_IS, AS_USER, pytest.param(AS_USER_IN_FULL, marks=pytest.mark.long)],
)
def whose(request: pytest.FixtureRequest) -> str:
    """Who runs the daemon."""
    return str(request.param)


@pytest.fixture(scope="session")
def hostile_sandbox(whose: str) -> Iterator[SandboxDaemon]:
    """A separate daemon, because the tests count what is left behind."""
    as_user = whose != AS_IT_IS
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
def field(
    whose: str, hostile_sandbox: SandboxDaemon, request: pytest.FixtureRequest
) -> Iterator[Field]:
    """The results of the selected programs, which ran side by side."""
    asked_for = {
        program.name: program
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        if item.callspec.params.get("whose") == whose
        if isinstance(program := item.callspec.params.get("program"), Hostile)
    }
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with a_host(Path(name)) as host:
            yield run_all(hostile_sandbox, list(asked_for.values()), host)
