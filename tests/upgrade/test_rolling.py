"""A rolling restart under load: nothing fails, and nothing is lost.

Each part is replaced by one of this release while others are still of an earlier one, in the order
that docs/operations.md names: sandboxes, API, workers, beat. From an earlier release, that takes
minutes, an index of packages, and the history of the repository, which CI's clone may lack, so
`make test-soak` runs it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from tests.upgrade.rolling import NEW, Load, Release, Rolling, counted, install

ENOUGH = 10
"""Executions between two replacements."""
ENOUGH_FROM_EARLIER = 60


@dataclass(frozen=True, slots=True)
class Case:
    """From which commit, or from this release; and on which database and runtime."""

    commit: str | None
    sqlite: bool = False
    hosts: bool = False
    api: Sequence[str] = NEW.api
    daemon: Sequence[str] = NEW.daemon


RELEASE_0_1 = "3ba531af4eae2f7785d134d047abab71cc1e8e60"
"""0.1.0, whose data tests/upgrade also has."""
API_0_1 = (
    *("gunicorn", "--worker-class", "gthread", "--threads", "32", "--graceful-timeout", "15"),
    *("--no-control-socket", "app.wsgi", "--bind"),
)
DAEMON_0_1 = ("app.infrastructure.sandbox.daemon", "--slots")
WITH_HOSTS = "fd2cd0322580c504158a48a9313ef44df7487d2e"
"""No release has sandbox hosts yet. This commit of 0.2.0 has them."""
FROM_THE_SAME = pytest.param(
    Case(None, sqlite=True),
    marks=[pytest.mark.long, pytest.mark.timeout(400)],
    id="same-release",
)
FROM_EARLIER = [
    pytest.param(case, marks=[pytest.mark.soak, pytest.mark.timeout(1800)], id=name)
    for name, case in {
        "0.1.0": Case(RELEASE_0_1, api=API_0_1, daemon=DAEMON_0_1),
        "hosts": Case(WITH_HOSTS, hosts=True),
    }.items()
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Release]:
    """Installs a commit, once."""
    return cache(lambda commit: install(commit, tmp_path_factory.mktemp("old")))


@pytest.mark.parametrize("case", [FROM_THE_SAME, *FROM_EARLIER])
def test_nothing_fails_and_nothing_is_lost(
    case: Case, tmp_path: Path, installed: Callable[[str], Release]
) -> None:
    old, enough = NEW, ENOUGH
    if case.commit:
        old = replace(installed(case.commit), api=case.api, daemon=case.daemon)
        enough = ENOUGH_FROM_EARLIER
    with Rolling(tmp_path, old, sqlite=case.sqlite, hosts=case.hosts) as service:
        with Load(service) as load:
            load.wait_for_more(enough)
            for part in service.parts:
                service.replace(part, NEW)
                load.wait_for_more(enough)
        found = counted(service, load.accepted, within=120)
        print(f"{found}, {len(load.failures)} requests failed")
    total = len(load.accepted)
    assert load.failures == []
    assert found.executions == total
    assert found.states == {"completed": total}
    assert found.right == total
    assert found.terminal_events == {1: total}
    assert found.gaps == 0
