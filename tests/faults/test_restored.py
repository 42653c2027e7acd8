"""A backup made under load has all that was accepted before, and each gets one result."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.execution import State
from app.infrastructure.sqlite.store import SqliteStore
from tests.faults.conftest import FAST
from tests.faults.load import Load
from tests.support.standalone import FREE_PORT, Standalone, running
from tests.support.waiting import wait_until

SETTINGS = FAST | FREE_PORT
HOW_MANY = 60
TAKES_LONG = "sleep 30; echo at last"


def podline(*arguments: object) -> None:
    command = [str(Path(sys.executable).with_name("podline")), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_nothing_that_was_accepted_is_lost_and_nothing_has_two_results(tmp_path: Path) -> None:
    backup, again = tmp_path / "backup.tar", Standalone(tmp_path / "again", SETTINGS)
    with running(Standalone(tmp_path / "data", SETTINGS)) as standalone:
        client = standalone.client()
        long = client.submit(TAKES_LONG, language="bash", limits={"wall_seconds": 60})
        wait_until(lambda: client.get(long.id).state == "running", or_fail=standalone.described)
        load = Load(standalone, how_many=HOW_MANY, seconds=1)
        load.expect(long.id, "at last\n")
        load.wait_for_some(10)
        podline("backup", backup, "--data-dir", standalone.data_dir)
        accepted_later = Load(standalone, how_many=20)
    podline("restore", backup, "--data-dir", again.data_dir)
    with closing(SqliteStore(again.data_dir / "podline.db", timeout=5)) as store:
        (record,) = store.audit.page(None, 1)
    assert (record.action, record.address, record.key_id) == ("podline restore", "cli", None)

    before = states_in(again.data_dir, load)
    assert len(before) == HOW_MANY + 1
    ran = {id: attempt for id, (state, attempt) in before.items() if state is State.RUNNING}
    assert ran, f"nothing was running when the backup was made: {before}"
    assert states_in(again.data_dir, accepted_later) == {}

    with running(again):
        load.restored_to(again).assert_whole(within=300)
    after = states_in(again.data_dir, load)
    assert {id: after[id][1] for id in ran} == {id: attempt + 1 for id, attempt in ran.items()}
    assert results_in(again.data_dir) == dict.fromkeys(load.expected, 1)


def states_in(data: Path, load: Load) -> dict[str, tuple[State, int]]:
    with closing(SqliteStore(data / "podline.db", timeout=5)) as store:
        return store.executions.states_of(list(load.expected))


def results_in(data: Path) -> dict[str, int]:
    """How many results each execution has."""
    with closing(sqlite3.connect(data / "podline.db")) as connection:
        counted = "SELECT execution_id, count(*) FROM results GROUP BY execution_id"
        return dict(connection.execute(counted).fetchall())
