"""The current program reads what earlier releases stored, and continues it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from app import create_app
from app.domain.execution import SECOND
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.live import RedisLiveOutput
from app.infrastructure.redis.parking import RedisParking
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from app.service import dead_letter_retries
from app.service.relay import relay
from app.service.sweep import sweep
from app.service.upgrade import upgrade
from tests.support.api_contract import Api, body
from tests.support.mongo_server import MongoServer
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker
from tests.upgrade import recorded

TIMEOUT = 5.0
RECORDINGS = sorted(recorded.RELEASES.glob("*/*/answers.json"))


@dataclass(frozen=True)
class Restored:
    """The service on a recording, some seconds after it was made."""

    folder: Path
    twins: Twins

    def api(self, owner: str) -> Api:
        app = create_app(self.twins.ports)
        document = app.test_client().get("/openapi.json").json
        return Api(app, document or {}, recorded.read(self.folder, "keys.json")[owner])


@pytest.fixture(params=RECORDINGS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def restored(
    request: pytest.FixtureRequest, tmp_path: Path, redis_client: redis.Redis
) -> Iterator[Restored]:
    folder: Path = request.param.parent
    recorded.restore_redis(folder, redis_client)
    recorded.restore_files(folder, tmp_path)
    with closing(a_store(folder, tmp_path, request)) as store:
        twins = make_twins()
        ports = replace(
            twins.ports,
            store=store,
            admission=RedisAdmissionQueue(redis_client),
            parking=RedisParking(redis_client),
            live=RedisLiveOutput(redis_client),
            event_log=event_log(tmp_path),
        )
        twins.clock.advance((recorded_at(folder) - twins.clock()) / SECOND + 10)
        yield Restored(folder, replace(twins, ports=ports))


def a_store(
    folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> SqliteStore | MongoStore:
    if not (folder / "documents.json").exists():
        return SqliteStore(tmp_path / "podline.db", timeout=TIMEOUT)
    server: MongoServer = request.getfixturevalue("mongo_server")
    url = server.url(f"recorded-{time.time_ns()}")
    recorded.restore_documents(folder, url)
    return MongoStore(url, timeout=TIMEOUT)


def event_log(tmp_path: Path) -> SqliteEventLog | MemoryEventLog:
    path = tmp_path / "events.db"
    return SqliteEventLog(path, timeout=TIMEOUT) if path.exists() else MemoryEventLog()


def recorded_at(folder: Path) -> int:
    """The time of the newest event."""
    answers = recorded.read(folder, "answers.json")
    newest = max(event["time"] for event in answers["/events"]["items"])
    return int(datetime.fromisoformat(newest).timestamp() * SECOND)


def test_everything_reads_as_before(restored: Restored) -> None:
    """Responses may have new fields."""
    api = restored.api("admin")
    answers = recorded.read(restored.folder, "answers.json")
    for path in answers.keys() - without_answer(restored):
        found = body(api.get(f"/api/v1{path}?limit=100" if path in LISTS else f"/api/v1{path}"))
        assert missing(answers[path], found, path) == []


LISTS = {"/executions", "/dead-letters", "/replays", "/events"}


def without_answer(restored: Restored) -> set[str]:
    """The queue's answer has the time that entries have waited."""
    has_log = isinstance(restored.twins.ports.event_log, SqliteEventLog)
    return {"/queue"} if has_log else {"/queue", "/events"}


def missing(before: Any, now: Any, path: str) -> list[str]:
    """What a response lacks, or has with another value. Queue positions are estimates."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = before.keys() - {"queue_position"}
        pairs: list[tuple[Any, Any, Any]] = [(name, before[name], now.get(name)) for name in names]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = list(zip(range(len(before)), before, now, strict=True))
    else:
        return [] if before == now else [f"{path}: {before!r} is now {now!r}"]
    return [m for name, old, new in pairs for m in missing(old, new, f"{path}/{name}")]


def test_keys_and_idempotency_keys_stay_valid(restored: Restored) -> None:
    (mine,) = body(restored.api("alice").get("/api/v1/executions"))["items"]
    assert mine["state"] == "completed"
    again = restored.api("admin").post(
        "/api/v1/executions",
        data=b'{"language":"python","source":"print(\'once\')"}',
        content_type="application/json",
        headers={"Idempotency-Key": "homework-17"},
    )
    assert body(again, 202)["state"] == "completed"


def test_what_was_not_finished_is_continued(restored: Restored) -> None:
    ports, worker = restored.twins.ports, Worker(restored.twins.ports)
    before = states(restored)
    for _ in range(20):
        restored.twins.clock.advance(60)
        sweep(ports)
        worker.run_all()
    left = {id: state for id, state in states(restored).items() if state not in FINISHED}
    assert left == {}
    continued = {id for id, state in before.items() if state not in FINISHED}
    assert len(continued) == 4
    assert {states(restored)[id] for id in continued} == {"completed"}
    while relay(ports):
        pass
    assert ports.store.events_to_relay.backlog(1) == (0, None)


FINISHED = {"completed", "failed", "cancelled"}


def states(restored: Restored) -> dict[str, str]:
    page = body(restored.api("admin").get("/api/v1/executions?limit=100"))
    return {row["id"]: row["state"] for row in page["items"]}


def test_a_failure_that_was_parked_is_taken_in(restored: Restored) -> None:
    ports = restored.twins.ports
    parked = ports.parking.unpark(10)
    dead_letter_retries.process(ports)
    for letter in parked:
        assert ports.store.dead_letters.get(letter.id) is not None
    assert ports.parking.unpark(10) == []


def test_the_queue_is_rebuilt_under_its_new_names(
    restored: Restored, redis_client: redis.Redis
) -> None:
    """By the sweep: until then, coordinators of the earlier release use the old names."""
    queue, before = restored.twins.ports.admission, set(redis_client.keys())
    upgrade(restored.twins.ports)
    assert not queue.ready()
    assert set(redis_client.keys()) == before
    sweep(restored.twins.ports)
    assert queue.ready()
    assert (queue.length(), queue.slots_used()) == (2, 2)
    assert not before & set(redis_client.keys("podline:queue*"))


@pytest.mark.parametrize("folder", [path.parent for path in RECORDINGS if "sqlite" in path.parts])
def test_many_processes_may_upgrade_a_file_at_once(folder: Path, tmp_path: Path) -> None:
    recorded.restore_files(folder, tmp_path)
    upgrade_it = (sys.executable, "-c", UPGRADE, str(tmp_path / "podline.db"))
    processes = [subprocess.Popen(upgrade_it) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4


UPGRADE = """
import sys
from pathlib import Path
from app.infrastructure.sqlite.store import SqliteStore
from app.domain.filters import ExecutionFilter
store = SqliteStore(Path(sys.argv[1]), timeout=20)
store.upgrade()
assert len(store.executions.page(ExecutionFilter(), None, 100)) > 10
"""
