"""What only the MongoDB store does: its server, its processes, the operators it uses."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from mongoengine.errors import OperationError
from mongoengine.queryset import transform
from pymongo.errors import BulkWriteError, NetworkTimeout, OperationFailure, WriteError

from app.domain.errors import StoreFull, StoreUnavailable
from app.domain.execution import Execution
from app.domain.result import Result
from app.infrastructure.mongo import connection
from app.infrastructure.mongo.documents import ResultDocument
from app.infrastructure.mongo.executions import MongoExecutions
from app.infrastructure.mongo.results import MongoResults
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.programs import Programs
from app.ports.hosts import HOST_SECONDS
from app.wiring.stores import STORE_SECONDS
from tests.support.builders import NOW, a_result, a_verdict, accepted
from tests.support.forgetful import Forgetful
from tests.support.mongo_server import MongoServer
from tests.support.waiting import is_quick

TIMEOUT = 1.0
SLACK = 0.8
"""For a machine that is busy with other tests."""

EXACT_ON_THE_STAND_IN = {"set", "unset", "inc", "min", "gt", "gte", "lt", "lte", "in"}
"""Operators that the server of these tests was seen to apply as MongoDB does, on single fields
and on whole lists of strings, under mongoengine's names. Array operators and aggregation are not
among them.
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MongoServer]:
    """A server that a test may kill."""
    server = MongoServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def store(mongo_server: MongoServer) -> Iterator[MongoStore]:
    store = MongoStore(mongo_server.url(f"alone-{time.time_ns()}"), timeout=TIMEOUT * 5)
    yield store
    store.close()


def test_a_file_of_its_url_that_is_not_there_makes_it_unavailable() -> None:
    url = "mongodb://127.0.0.1/podline?tls=true&tlsCAFile=/nowhere/ca.pem"
    with pytest.raises(StoreUnavailable, match=r"No such file or directory: '/nowhere/ca\.pem'"):
        MongoStore(url, timeout=TIMEOUT).upgrade()


def test_all_that_ask_at_once_agree_on_the_identity(mongo_server: MongoServer) -> None:
    url = mongo_server.url(f"asked-{time.time_ns()}")
    stores = [MongoStore(url, timeout=TIMEOUT * 5) for _ in range(4)]
    stores[0].upgrade()
    with ThreadPoolExecutor(len(stores)) as threads:
        found = set(threads.map(MongoStore.identity, stores))
    assert len(found) == 1
    for each in stores:
        each.close()


def is_unavailable(call: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable):
        call()


def test_a_server_that_is_killed_is_reported_within_the_timeout_and_found_again(
    server: MongoServer,
) -> None:
    store = MongoStore(server.url("podline"), timeout=TIMEOUT)
    row, *_ = new = accepted()
    assert store.executions.insert(*new)
    server.kill()
    for call in (
        lambda: store.executions.get(row.id),
        store.ping,
        lambda: store.executions.insert(*accepted()),
    ):
        assert is_quick(partial(is_unavailable, call), seconds=TIMEOUT + SLACK)
    server.start()
    assert store.executions.get(row.id) == row
    store.close()


class Asked(MongoResults):
    """Counts how often the server is asked."""

    asked = 0

    @connection.repeatable
    def get(self, result_id: str) -> Result | None:
        self.asked += 1
        return self.read(result_id)

    def read(self, result_id: str) -> Result | None:
        found = self._connection.objects(ResultDocument, id=result_id).first()
        assert found is None
        return None


class WithoutResponse(Asked):
    """Gets none, as after a time-out, while the server responds to others."""

    def read(self, _: str) -> Result | None:
        raise NetworkTimeout("timed out")


class OthersGotOne(WithoutResponse):
    def read(self, result_id: str) -> Result | None:
        self._connection.responded()
        return super().read(result_id)


def test_a_server_that_hangs_is_asked_once_and_reported_in_time(server: MongoServer) -> None:
    store = MongoStore(server.url("podline"), timeout=TIMEOUT)
    results = Asked(store.connection)
    assert results.get("any") is None
    with server.stopped():
        begun = time.monotonic()
        is_unavailable(lambda: results.get("any"))
        assert results.asked == 2
        assert time.monotonic() - begun > TIMEOUT
        get = partial(is_unavailable, lambda: results.get("any"))
        assert is_quick(get, seconds=TIMEOUT + connection.GRACE_SECONDS + SLACK)
    assert results.get("any") is None
    store.close()


def test_a_server_that_responds_to_pings_alone_is_asked_twice(store: MongoStore) -> None:
    store.upgrade()
    results = WithoutResponse(store.connection)
    with pytest.raises(StoreUnavailable, match="timed out"):
        results.get("any")
    assert results.asked == 2


def test_a_second_try_makes_no_heartbeat_of_a_host_so_late_that_it_is_lost() -> None:
    assert STORE_SECONDS + connection.GRACE_SECONDS < HOST_SECONDS / 3


def test_one_that_responds_to_pings_alone_is_reported_within_two_seconds(
    mongo_server: MongoServer,
) -> None:
    with Forgetful(mongo_server.port, silent=True) as between:
        url = f"mongodb://127.0.0.1:{between.port}/pings-{time.time_ns()}"
        store = MongoStore(url, timeout=STORE_SECONDS)
        store.upgrade()
        between.loses, between.loses_all = (b"find",), True
        get = partial(is_unavailable, lambda: store.executions.get("any"))
        assert is_quick(get, seconds=2)
        store.close()


def test_one_that_has_responded_to_others_meanwhile_needs_no_ping(server: MongoServer) -> None:
    store = MongoStore(server.url("podline"), timeout=TIMEOUT)
    store.upgrade()
    with server.stopped():
        for kind, asked in ((WithoutResponse, 1), (OthersGotOne, 2)):
            results = kind(store.connection)
            is_unavailable(partial(results.get, "any"))
            assert results.asked == asked
    store.close()


def test_a_server_that_was_never_there_is_found_when_it_comes(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    store = MongoStore(server.url("podline"), timeout=TIMEOUT)
    with pytest.raises(StoreUnavailable):
        store.ping()
    server.start()
    store.ping()
    store.close()
    server.kill()


def test_two_stores_in_one_process_keep_apart(mongo_server: MongoServer) -> None:
    ours, theirs = (
        MongoStore(mongo_server.url(f"{name}-{time.time_ns()}"), timeout=TIMEOUT * 5)
        for name in ("ours", "theirs")
    )
    row, *_ = new = accepted()
    assert ours.executions.insert(*new)
    assert theirs.executions.get(row.id) is None
    assert ours.executions.get(row.id) == row
    ours.close()
    assert theirs.executions.insert(*new)
    theirs.close()


class EndsMeanwhile(MongoResults):
    """The execution is cancelled and settled between the insert and the look at its state."""

    executions: MongoExecutions

    def _belongs(self, result: Result) -> bool:
        row = self.executions.get(result.execution_id)
        assert row is not None
        cancelled = row.cancel(NOW, NOW)
        assert self.executions.apply(cancelled)
        self.find_result_and_settle(cancelled.after)
        return super()._belongs(result)

    def find_result_and_settle(self, row: Execution) -> None:
        assert self.get(row.pod) is not None
        self.executions.settle(row)


class EndsAndSettlesFirst(EndsMeanwhile):
    """The same, but the clean-up had looked for results before this one was inserted."""

    def find_result_and_settle(self, row: Execution) -> None:
        self.executions.settle(replace(row, attempt=0))


@pytest.mark.parametrize("kind", [EndsMeanwhile, EndsAndSettlesFirst])
def test_a_result_that_is_inserted_while_its_execution_ends_is_not_kept(
    mongo_server: MongoServer, kind: type[EndsMeanwhile]
) -> None:
    store = MongoStore(mongo_server.url(f"{kind.__name__}-{time.time_ns()}"), timeout=TIMEOUT * 5)
    results = store.results = kind(store.connection)
    results.executions = store.executions
    row, *_ = new = accepted()
    assert store.executions.insert(*new)
    for change in (
        admitted := row.admit(NOW, NOW),
        started := admitted.after.start(NOW, NOW, NOW),
        finished := started.after.finish(NOW, NOW, a_verdict()),
    ):
        assert store.executions.apply(change)
    store.results.insert(a_result(finished.after))
    assert store.results.get(finished.after.pod) is None
    store.close()


class DiesWhileItErases(MongoExecutions):
    def _mark_erased(self, _: str) -> None:
        raise KeyboardInterrupt


def test_an_erasure_that_was_cut_off_forgot_all_and_can_be_repeated(
    mongo_server: MongoServer,
) -> None:
    url = mongo_server.url(f"erased-{time.time_ns()}")
    store = MongoStore(url, timeout=TIMEOUT * 5)
    store.executions = DiesWhileItErases(store.connection, Programs(store.blobs))
    row, *_ = new = accepted()
    assert store.executions.insert(*new)
    assert store.executions.apply(row.cancel(NOW, NOW))
    with pytest.raises(KeyboardInterrupt):
        store.executions.erase(row.id)
    assert store.executions.submission(row.id) is None
    store.close()
    store = MongoStore(url, timeout=TIMEOUT * 5)
    store.executions.erase(row.id)
    erased = store.executions.get(row.id)
    assert erased is not None
    assert erased.erased
    store.close()


def test_only_operators_are_used_that_the_stand_in_applies_exactly() -> None:
    assert set(operators_in(Path(connection.__file__).parent)) == EXACT_ON_THE_STAND_IN


def operators_in(folder: Path) -> Iterator[str]:
    """Of the names that queries and updates are written with, such as `set__state`."""
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            name = node.arg if isinstance(node, ast.keyword) else getattr(node, "value", None)
            if isinstance(name, str) and re.fullmatch(r"[a-z_]+", name) and "__" in name:
                parts = set(name.split("__"))
                yield from parts & {*transform.UPDATE_OPERATORS, *transform.MATCH_OPERATORS}


def test_nothing_is_written_in_terms_of_the_server_itself() -> None:
    """Those would not be checked against the fields of the documents."""
    for module in Path(connection.__file__).parent.glob("*.py"):
        assert "__raw__" not in module.read_text(), module.name


def test_a_full_disk_of_the_server_is_named() -> None:
    @connection.at_the_edge
    def write() -> None:
        try:
            raise OperationFailure("available disk space is below the minimum", code=14031)
        except OperationFailure as error:
            raise OperationError("could not save the document") from error

    with pytest.raises(StoreFull):
        write()


QUOTED = {"errmsg": "exceeds the limit", "code": 10334, "op": {"source": "a program"}}
"""What the server says of a document that it doesn't take."""


@pytest.mark.parametrize(
    "error",
    [
        WriteError("exceeds the limit", 10334, QUOTED),
        OperationError(f"Could not save document ({WriteError('exceeds the limit', 1, QUOTED)})"),
        BulkWriteError({"writeErrors": [QUOTED], "writeConcernErrors": []}),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [QUOTED]}),
    ],
)
def test_an_error_does_not_quote_the_document(error: Exception) -> None:
    assert "a program" in str(error)

    @connection.at_the_edge
    def write() -> None:
        raise error

    with pytest.raises(StoreUnavailable, match="exceeds the limit") as found:
        write()
    assert "a program" not in str(found.value)
