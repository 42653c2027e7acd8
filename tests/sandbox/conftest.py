"""A daemon that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_daemon import SandboxDaemon


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxDaemon]:
    daemon = SandboxDaemon(tmp_path, slots=2)
    daemon.start()
    yield daemon
    daemon.stop()
