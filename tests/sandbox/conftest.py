"""A daemon that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_daemon import SandboxDaemon
from tests.waiting import wait_until

SECONDS_TO_PREPARE = 180


@pytest.fixture(scope="session", autouse=True)
def _all_languages_prepared(sandbox: SandboxDaemon) -> None:
    """Once on a machine; daemons that start later have nothing to do in the background."""
    wait_until(
        lambda: "languages are prepared" in sandbox.log.read_text(), within=SECONDS_TO_PREPARE
    )


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxDaemon]:
    daemon = SandboxDaemon(tmp_path, slots=2)
    daemon.start()
    yield daemon
    daemon.stop()
