"""No response differs from the OpenAPI document, and none is the service's fault.

Schemathesis makes the requests, from the document.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from app.api.application import OPERATIONS
from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterKind
from app.domain.pod import Pod
from app.domain.report import Report, StageOutput
from app.infrastructure.memory.runtime import Script, exited
from app.infrastructure.sqlite.store import SqliteStore
from tests.support.api_contract import PROGRAM, Api, Json, connector
from tests.support.builders import a_dead_letter, a_message
from tests.support.real_api import Wsgi, served
from tests.support.twins import make_twins
from tests.support.worker import Worker

if TYPE_CHECKING:
    from tests.support.conformance import Conformance, Ids

EXECUTIONS: Final = "/api/v1/executions"
ARTIFACTS: Final = {"out.txt": b"text", "data/a b.png": b"\x89PNG"}
PROGRAMS: Final = (
    PROGRAM | {"tests": [{"stdin": "1"}, {"expected_output": "2"}]},
    {"language": "c", "source": "int main;", "artifacts": ["*"]},
)
MANY: Final = 30
FEW: Final = 5
RARELY_REACHED: Final = {
    "GET /api/v1/session",  # The requests have a key instead of a cookie.
    "POST /api/v1/executions/{execution_id}/cancel",  # Most executions have ended.
}


class Service:
    """The API on SQLite, with something of every kind, whose worker works between requests."""

    def __init__(self, store: SqliteStore) -> None:
        twins = make_twins(max_unfinished_per_owner=10**9, max_unfinished=10**9)
        twins.runtime.script = _ends_at_once
        self.twins = replace(twins, ports=replace(twins.ports, store=store))
        connect = connector(self.twins.ports)
        self.caller = connect("root", Role.ADMIN)
        (self._key,) = store.keys.all()
        # Bulk calls are for the caller's own executions, so they leave these alone.
        self.ids = self._filled(connect("otto", Role.ADMIN))
        self._worker = Worker(self.twins.ports)
        self.caller.app.wsgi_app = self.around(self.caller.app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it

    def around(self, application: Wsgi) -> Wsgi:
        """Let what was submitted end before the next request, unless that cancels it.

        A request that waits finds its client gone, so that it waits for nothing. The limits of
        the caller's own key never stay changed: they would refuse what follows.
        """

        def wrapped(environ: Json, start_response: Wsgi) -> Iterable[bytes]:
            if not environ["PATH_INFO"].endswith("/cancel"):
                self._worker.run_all()
            environ["waitress.client_disconnected"] = lambda: True
            try:
                return application(environ, start_response)  # type: ignore[no-any-return]  # as WSGI says
            finally:
                if environ["REQUEST_METHOD"] == "PATCH":
                    keys = self.twins.ports.store.keys
                    if changed := keys.get(self._key.id):
                        keys.update(changed, self._key)

        return wrapped

    def _filled(self, api: Api) -> Ids:
        def made(path: str, sent: Json, times: int) -> list[str]:
            return [api.post(path, sent).json["id"] for _ in range(times)]  # type: ignore[index]  # a document

        executions = [id for each in PROGRAMS for id in made(EXECUTIONS, each, MANY)]
        message = b64encode(a_message(task="podline.of.a.newer.version")).decode()
        poison = {"kind": DeadLetterKind.POISON, "origin": "queue:saga", "payload": message}
        letters = [a_dead_letter(**poison) for _ in range(MANY)]
        for letter in letters:
            self.twins.ports.store.dead_letters.put(letter)
        return {
            "execution_id": executions,
            "batch_id": made("/api/v1/batches", {"executions": [PROGRAM]}, FEW),
            "letter_id": [letter.id for letter in letters],
            "replay_id": made("/api/v1/replays", {"mode": "reemit", "target": "again"}, FEW),
            "key_id": made("/api/v1/keys", {"name": "spare"}, MANY),
            "index": ["0", "1", "2"],
            "name": [*ARTIFACTS],
        }


def _ends_at_once(pod: Pod) -> Script:
    ended = exited().runs[0]
    return Script(
        prints=b"printed\n",
        prints_errors=b"\xff",
        compile_output=StageOutput(stdout=b"compiled", stderr=b"warning"),
        creates=ARTIFACTS,
        ends=Report(compile=ended, runs=tuple(ended for _ in pod.runs)),
    )


def unreached(found: Conformance) -> set[str]:
    """Operations without a response of success."""
    return {
        f"{operation.method} {operation.path}"
        for operation in OPERATIONS
        if not any(
            status < 300 for status in found.statuses[f"{operation.method} {operation.path}"]
        )
    }


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with closing(SqliteStore(tmp_path / "podline.db", timeout=10)) as store:
        store.upgrade()
        yield Service(store)


def test_of_every_operation_with_each_value_of_interest(service: Service) -> None:
    from tests.support import conformance  # It imports schemathesis, which takes a while.

    found = conformance.of_application(service.caller.app, str(service.caller.key), service.ids)
    assert not found.faults, str(found)
    assert found.requests > 1_500


def test_a_caller_who_limits_its_own_key_is_not_refused_afterwards(service: Service) -> None:
    (own,) = (key for key in service.twins.ports.store.keys.all() if key.name == "root")
    limited = service.caller.call("PATCH", f"/api/v1/keys/{own.id}", json={"requests": "1/d"})
    assert limited.status_code == 200
    assert [service.caller.get(EXECUTIONS).status_code for _ in range(2)] == [200, 200]


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_of_every_operation_with_anything(service: Service) -> None:
    from tests.support import conformance

    with served(service.twins, service.around) as url:
        found = conformance.of_service(url, str(service.caller.key), service.ids, examples=60)
    assert not found.faults, str(found)
    assert unreached(found) <= RARELY_REACHED
