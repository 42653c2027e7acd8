"""Dependencies become unavailable and come back; real adapters, real outages."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.api_key import Role
from app.domain.disk import Room
from app.infrastructure.hosts_runtime import HostsRuntime
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.mongo import connection
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.connection import connect as redis_at
from app.infrastructure.redis.live import RedisLiveOutput
from app.infrastructure.redis.wakeups import RedisWakeups
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Fleet, Ports
from app.service.sweep import sweep
from app.wiring.stores import STORE_SECONDS
from podline.sse import EventParser
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.forgetful import Forgetful
from tests.support.mongo_server import MongoServer
from tests.support.twins import Twins
from tests.support.waiting import is_quick
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"


@pytest.fixture
def without_redis(twins: Twins, tmp_path: Path) -> Ports:
    """Nobody listens where Redis should be, and the broker takes nothing."""
    twins.pipeline.unavailable = True
    client = redis_at(f"unix://{tmp_path / 'no-redis.sock'}")
    return replace(
        twins.ports,
        admission=RedisAdmissionQueue(client, 60),
        live=RedisLiveOutput(client),
        wakeups=RedisWakeups(client),
    )


class TestRedis:
    def test_submissions_are_accepted(self, without_redis: Ports) -> None:
        api = connector(without_redis)("ada", Role.USER)
        id = body(api.post(EXECUTIONS, PROGRAM), 202)["id"]
        assert body(api.get(f"{EXECUTIONS}/{id}"))["queue_position"] is None

    def test_a_wait_ends_in_time(self, without_redis: Ports) -> None:
        api = connector(without_redis)("ada", Role.USER)

        def submit() -> None:
            begun = time.monotonic()
            assert body(api.post(f"{EXECUTIONS}?wait=1", PROGRAM))["state"] == "queued"
            assert time.monotonic() - begun > 0.9

        assert is_quick(submit, seconds=3)

    def test_a_wait_still_sees_the_end(
        self, without_redis: Ports, twins: Twins, worker: Worker
    ) -> None:
        api = connector(without_redis)("ada", Role.USER)
        id = body(api.post(EXECUTIONS, PROGRAM), 202)["id"]
        twins.pipeline.unavailable = False
        twins.clock.advance(60)
        sweep(twins.ports)
        worker.run_all()
        assert body(api.get(f"{EXECUTIONS}/{id}?wait=10"))["state"] == "completed"

    def test_a_stream_continues_from_the_store(self, without_redis: Ports) -> None:
        api = connector(without_redis)("ada", Role.USER)
        id = body(api.post(EXECUTIONS, PROGRAM), 202)["id"]
        body(api.post(f"{EXECUTIONS}/{id}/cancel"), 202)
        response = api.get(f"{EXECUTIONS}/{id}/stream")
        received = [event.event for event in EventParser().feed(response.data)]
        assert received == ["state", "state", "end"]

    def test_the_queue_shows_no_slots(self, without_redis: Ports) -> None:
        operator = connector(without_redis)("otto", Role.OPERATOR)
        slots = body(operator.get("/api/v1/queue"))["slots"]
        assert slots == {"total": 2, "used": None, "free": None}

    def test_the_service_is_ready_but_degraded(self, without_redis: Ports) -> None:
        readiness = body(connector(without_redis)("ada", Role.USER).get("/readyz"))
        assert readiness["status"] == "degraded"
        assert readiness["dependencies"]["redis"]["state"] == "down"
        assert readiness["dependencies"]["store"] == {"state": "up", "detail": None}


class TestDisk:
    """It is nearly full."""

    @pytest.fixture
    def api(self, twins: Twins) -> Api:
        twins.disk.room = Room(free=1, total=100 * 2**20)
        return connector(twins.ports)("otto", Role.OPERATOR)

    def test_submissions_are_told_so_and_when_to_come_back(self, api: Api) -> None:
        for path, what in ((EXECUTIONS, PROGRAM), ("/api/v1/batches", {"executions": [PROGRAM]})):
            response = api.post(path, what)
            problem = body(response, 503)
            assert problem["type"] == "urn:podline:problem:disk-low"
            assert problem["title"] == "The disk is nearly full"
            assert response.headers["Retry-After"] == "10"

    def test_the_rest_works_and_readiness_names_it(self, api: Api) -> None:
        assert body(api.get(EXECUTIONS))["items"] == []
        readiness = body(api.get("/readyz"))
        assert readiness["status"] == "degraded"
        assert readiness["dependencies"]["disk"]["state"] == "down"
        assert "more space" in readiness["dependencies"]["disk"]["detail"]

    def test_operators_see_what_takes_the_space(self, api: Api, twins: Twins) -> None:
        twins.disk.taken = {"logs": 7, "blobs": 30}
        assert body(api.get("/api/v1/disk")) == {
            "parts": {"logs": 7, "blobs": 30},
            "total_bytes": 37,
            "free_bytes": 1,
            "reserved_bytes": 5 * 2**20,
        }


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process writes, and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


class TestStore:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "podline.db"

    @pytest.fixture
    def api(self, twins: Twins, path: Path) -> Api:
        store = SqliteStore(path, timeout=STORE_SECONDS)
        return connector(replace(twins.ports, store=store))("ada", Role.OPERATOR)

    def test_while_it_is_locked_submissions_are_refused_within_two_seconds(
        self, api: Api, path: Path
    ) -> None:
        with locked(path):
            assert is_quick(lambda: body(api.post(EXECUTIONS, PROGRAM), 503), seconds=2)
            response = api.post(EXECUTIONS, PROGRAM)
            problem = body(response, 503)
            assert int(response.headers["Retry-After"]) > 0
            assert str(path) not in problem["detail"]
            assert body(api.get("/readyz"), 503)["status"] == "down"
        assert api.post(EXECUTIONS, PROGRAM).status_code == 202
        assert len(body(api.get(EXECUTIONS))["items"]) == 1

    def test_with_an_idempotency_key_it_is_the_same(self, api: Api, path: Path) -> None:
        headers = {"Idempotency-Key": "k"}
        with locked(path):

            def submit() -> None:
                assert api.post(EXECUTIONS, PROGRAM, headers=headers).status_code == 503

            assert is_quick(submit, seconds=2)
        assert api.post(EXECUTIONS, PROGRAM, headers=headers).status_code == 202


def ended(api: Api) -> str:
    """An execution whose program is in a blob."""
    id: str = body(api.post(EXECUTIONS, PROGRAM | {"stdin": "x" * 2_000_000}), 202)["id"]
    body(api.post(f"{EXECUTIONS}/{id}/cancel"), 202)
    return id


class TestLostResponses:
    """MongoDB does what it is asked for, and responds to other requests."""

    @pytest.fixture(params=[False, True], ids=["closed", "silent"])
    def between(
        self, mongo_server: MongoServer, request: pytest.FixtureRequest
    ) -> Iterator[Forgetful]:
        with Forgetful(mongo_server.port, silent=request.param) as between:
            yield between

    @pytest.fixture
    def ports(
        self, twins: Twins, between: Forgetful, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Ports]:
        monkeypatch.setattr(connection, "GRACE_SECONDS", 20)  # the machine may be busy
        url = f"mongodb://127.0.0.1:{between.port}/lost-{time.time_ns()}"
        with closing(MongoStore(url, timeout=2 * STORE_SECONDS)) as store:
            yield replace(twins.ports, store=store, blobs=store.blobs)

    @pytest.mark.parametrize(
        "lost",
        [
            pytest.param(b"idempotency", marks=pytest.mark.long),
            pytest.param(b"programs", marks=pytest.mark.long),
            b"executions",
        ],
        ids=bytes.decode,
    )
    def test_a_submission_is_accepted_once(
        self, ports: Ports, between: Forgetful, lost: bytes, twins: Twins
    ) -> None:
        api = connector(ports)("ada", Role.USER)
        between.loses = (b"insert", lost)
        id = body(api.post(EXECUTIONS, PROGRAM, headers={"Idempotency-Key": "k"}), 202)["id"]
        assert not between.loses
        assert [row["id"] for row in body(api.get(EXECUTIONS))["items"]] == [id]
        twins.clock.advance(60)
        sweep(ports)
        Worker(ports).run_all()
        assert body(api.get(f"{EXECUTIONS}/{id}"))["state"] == "completed"

    def test_an_execution_is_shown(self, ports: Ports, between: Forgetful) -> None:
        api = connector(ports)("ada", Role.USER)
        id = body(api.post(EXECUTIONS, PROGRAM), 202)["id"]
        between.loses = (b"find", b"executions")
        assert body(api.get(f"{EXECUTIONS}/{id}"))["id"] == id
        assert not between.loses


class TestDeleting:
    def test_with_blobs_that_cannot_be_deleted(self, twins: Twins, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "podline.db", timeout=STORE_SECONDS)
        api = connector(replace(twins.ports, store=store, blobs=store.blobs))("ada", Role.USER)
        id = ended(api)
        folder = tmp_path / "blobs" / id
        folder.rename(tmp_path / "kept")
        folder.write_bytes(b"in the way")

        assert api.delete(f"{EXECUTIONS}/{id}").status_code == 503

        assert api.get(f"{EXECUTIONS}/{id}").status_code == 200
        folder.unlink()
        (tmp_path / "kept").rename(folder)
        for _ in range(2):
            assert api.delete(f"{EXECUTIONS}/{id}").status_code == 204
        assert api.get(f"{EXECUTIONS}/{id}").status_code == 404
        assert not folder.exists()

    @pytest.mark.parametrize("lost", [b"pieces", b"programs", b"executions", b"results"])
    def test_while_mongodb_confirms_nothing(
        self, twins: Twins, mongo_server: MongoServer, lost: bytes
    ) -> None:
        with Forgetful(mongo_server.port) as between:
            url = f"mongodb://127.0.0.1:{between.port}/deleting-{lost.decode()}"
            with closing(MongoStore(url, timeout=STORE_SECONDS)) as store:
                ports = replace(twins.ports, store=store, blobs=store.blobs)
                api = connector(ports)("ada", Role.USER)
                id = ended(api)
                between.loses = (b"update" if lost == b"executions" else b"delete", lost)

                assert api.delete(f"{EXECUTIONS}/{id}").status_code == 503

                assert not between.loses
                marked = lost == b"executions"
                assert api.get(f"{EXECUTIONS}/{id}").status_code == (404 if marked else 200)
                for _ in range(2):
                    assert api.delete(f"{EXECUTIONS}/{id}").status_code == 204
                assert api.get(f"{EXECUTIONS}/{id}").status_code == 404
                assert store.blobs.owners("", "z", 9) == []
                assert store.executions.submission(id) is None


class TestRuntime:
    def test_languages_are_unknown_only_until_it_was_asked_once(
        self, api: Api, twins: Twins
    ) -> None:
        twins.runtime.unavailable = True
        assert api.get("/api/v1/languages").status_code == 503
        assert api.post(EXECUTIONS, PROGRAM).status_code == 503
        twins.runtime.unavailable = False
        assert api.get("/api/v1/languages").status_code == 200
        twins.runtime.unavailable = True
        assert api.post(EXECUTIONS, PROGRAM).status_code == 202

    def test_without_a_sandbox_host_it_says_how_to_start_one(self, twins: Twins) -> None:
        said = "No sandbox host is alive: start one with `podline host`."
        hosts = MemoryHosts(twins.clock)
        with_hosts = replace(twins.ports, runtime=HostsRuntime(hosts), fleet=Fleet(hosts))
        api = connector(with_hosts)("ada", Role.USER)
        runtime = body(api.get("/readyz"))["dependencies"]["runtime"]
        assert runtime == {"state": "down", "detail": said}
        assert body(api.post(EXECUTIONS, PROGRAM), 503)["detail"] == said


class TestKafka:
    @pytest.fixture
    def silent(self) -> Iterator[str]:
        """A broker that takes connections, and does not say a word."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            yield f"127.0.0.1:{listening.getsockname()[1]}"

    def test_the_service_is_ready_but_degraded_and_says_so_soon(
        self, twins: Twins, silent: str
    ) -> None:
        brokers = {"bootstrap.servers": silent}
        log = KafkaEventLog("podline.events", brokers, TopicSettings(partitions=1))
        api = connector(replace(twins.ports, event_log=log))("ada", Role.USER)
        begun = time.monotonic()
        readiness = body(api.get("/readyz"))
        assert time.monotonic() - begun < 4
        assert readiness["status"] == "degraded"
        assert readiness["dependencies"]["event_log"]["state"] == "down"
        assert silent not in readiness["dependencies"]["event_log"]["detail"]
        assert api.post(EXECUTIONS, PROGRAM).status_code == 202
