"""A process that judges for long is left alone, and another one continues after its death."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.domain.execution import Execution, State
from app.infrastructure.clock import now
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.sqlite.store import SqliteStore
from tests.contracts.rows import put
from tests.support.builders import NOW
from tests.support.mongo_server import MongoServer

TIMEOUT = 5.0
QUEUED = frozenset({State.QUEUED})

JUDGES = """
import sys, time
from pathlib import Path
from app.service import holding
from app.infrastructure.clock import now
from {module} import {store} as Store

holding.BEAT_SECONDS, holding.HOLD_SECONDS = 0.05, 1.0
where = Path(sys.argv[1]) if "/" == sys.argv[1][0] else sys.argv[1]
executions = Store(where, timeout=5.0).executions
with holding.judging(executions, now, executions.get(sys.argv[2]), "poll"):
    print("judging", flush=True)
    time.sleep(60)
"""


@contextmanager
def judging(store: type, where: object, execution: Execution) -> Iterator[subprocess.Popen[str]]:
    code = JUDGES.format(module=store.__module__, store=store.__name__)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(where), execution.id], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "judging\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("kind", ["sqlite", "mongo"])
def test_a_process_that_judges_is_killed(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store: SqliteStore | MongoStore
    if kind == "sqlite":
        where: object = tmp_path / "podline.db"
        store = SqliteStore(tmp_path / "podline.db", timeout=TIMEOUT)
    else:
        server: MongoServer = request.getfixturevalue("mongo_server")
        where = server.url(f"holding-{time.time_ns()}")
        store = MongoStore(str(where), timeout=TIMEOUT)
    with closing(store):
        execution = put(store)
        executions = store.executions
        with judging(type(store), where, execution) as process:
            until = time.monotonic() + 10
            while executions.begin(execution.id, QUEUED, "poll", now(), NOW):
                assert time.monotonic() < until, "it is not held"
            before = executions.get(execution.id)
            while executions.get(execution.id) == before:
                assert time.monotonic() < until, "the hold is not extended"
            process.send_signal(signal.SIGKILL)
            process.wait()
        held = executions.get(execution.id)
        assert held is not None
        assert held.held_until is not None
        assert held.held_until - now() < 1_000_000
        assert not executions.begin(execution.id, QUEUED, "poll", held.held_until - 1, NOW)
        (due,) = executions.claim_due(QUEUED, held.held_until, 9, lambda _: NOW)
        assert due.id == execution.id
        assert executions.begin(execution.id, QUEUED, "poll", held.held_until, NOW)
