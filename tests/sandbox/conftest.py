"""A daemon that a test may kill."""

from collections.abc import Iterator

import pytest

from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

SECONDS_TO_PREPARE = 240
SECONDS_FOR_A_TEST = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test, whichever it is, waits until the languages are prepared."""
    for item in items:
        if item.nodeid.startswith("tests/sandbox/"):
            item.add_marker(pytest.mark.timeout(SECONDS_TO_PREPARE + SECONDS_FOR_A_TEST))


@pytest.fixture(scope="session", autouse=True)
def _all_languages_prepared(sandbox: SandboxDaemon) -> None:
    """Prepare once per machine, so that later daemons have nothing to do in the background."""
    wait_until(
        lambda: "languages are prepared" in sandbox.log.read_text(),
        within=SECONDS_TO_PREPARE,
        or_fail=sandbox.log.read_text,
    )


@pytest.fixture(scope="module")
def own_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDaemon]:
    daemon = SandboxDaemon(tmp_path_factory.mktemp("own"), bays=2)
    yield daemon
    if not daemon.runs():
        daemon.start()  # to remove what the killed one left
    daemon.stop()


@pytest.fixture
def own_sandbox(own_daemon: SandboxDaemon) -> SandboxDaemon:
    """A daemon that a test may kill. The next test in the file has it too, without pods."""
    if not own_daemon.runs():
        own_daemon.start()
    for name in own_daemon.runtime.list_pods():
        own_daemon.runtime.delete(name)
    return own_daemon
