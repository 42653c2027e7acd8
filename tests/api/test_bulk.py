"""Cancel, retry and delete all executions that match a filter."""

from typing import Any

import pytest

from app.domain.api_key import Role
from app.domain.execution import State
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body, connector
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"
LABELLED = PROGRAM | {"labels": {"course": "c1"}}


def submitted(api: Api, *programs: Json) -> list[str]:
    batch = body(api.post("/api/v1/batches", {"executions": list(programs)}), 202)
    return [item["execution"]["id"] for item in batch["items"]]


def states(twins: Twins) -> list[State]:
    rows = sorted(twins.store.tables.rows.values(), key=lambda row: row.id)
    return [row.state for row in rows]


def done(api: Api, action: str, status: int = 200, **selection: Any) -> tuple[int, int, int]:
    answer = body(api.post(f"{EXECUTIONS}/{action}", selection), status)
    return answer["done"], answer["skipped"], answer["remaining"]


class TestCancel:
    def test_what_matches_and_has_not_ended(self, api: Api, twins: Twins, worker: Worker) -> None:
        (first,) = submitted(api, PROGRAM)
        worker.run_all()
        submitted(api, LABELLED, PROGRAM, LABELLED)
        assert done(api, "cancel", label=["course:c1"]) == (2, 0, 0)
        assert done(api, "cancel", label=["course:c1"]) == (0, 0, 0)
        assert done(api, "cancel") == (1, 0, 0)
        assert sorted(states(twins)) == [*[State.CANCELLED] * 3, State.COMPLETED]
        assert body(api.get(f"{EXECUTIONS}/{first}"))["state"] == "completed"

    def test_a_dry_run_only_counts(self, api: Api, twins: Twins) -> None:
        submitted(api, LABELLED, PROGRAM)
        assert done(api, "cancel", dry_run=True) == (0, 0, 2)
        assert done(api, "cancel", dry_run=True, label=["course:c1"]) == (0, 0, 1)
        assert states(twins) == [State.QUEUED] * 2

    def test_of_ids_only(self, api: Api, twins: Twins) -> None:
        first, second, third = submitted(api, PROGRAM, LABELLED, PROGRAM)
        assert done(api, "cancel", id=[second, third], label=["course:c1"]) == (1, 0, 0)
        assert done(api, "cancel", dry_run=True, id=[first, second]) == (0, 0, 1)
        assert done(api, "cancel", id=[first]) == (1, 0, 0)
        assert states(twins) == [State.CANCELLED, State.CANCELLED, State.QUEUED]

    def test_in_slices(self, api: Api, twins: Twins) -> None:
        submitted(api, *[PROGRAM] * 5)
        with changed(bulk__SLICE=2):
            assert done(api, "cancel", 202) == (2, 0, 3)
            assert states(twins) == [*[State.QUEUED] * 3, *[State.CANCELLED] * 2]
            assert done(api, "cancel", 202) == (2, 0, 1)
            assert done(api, "cancel") == (1, 0, 0)

    def test_of_its_own_owner_only(
        self, api: Api, connect: Connect, operator: Api, twins: Twins
    ) -> None:
        submitted(api, PROGRAM)
        bob = connect("bob", Role.USER)
        assert done(bob, "cancel") == (0, 0, 0)
        body(bob.post(f"{EXECUTIONS}/cancel", {"owner": "ada"}), 403)
        body(bob.post(f"{EXECUTIONS}/cancel", {"owner": "*"}), 403)
        assert done(operator, "cancel") == (0, 0, 0)
        assert done(operator, "cancel", owner="bob") == (0, 0, 0)
        assert done(operator, "cancel", owner="ada") == (1, 0, 0)
        submitted(api, PROGRAM)
        assert done(operator, "cancel", owner="*") == (1, 0, 0)
        assert states(twins) == [State.CANCELLED] * 2


class TestRetry:
    def test_what_has_ended_once(self, api: Api, twins: Twins, worker: Worker) -> None:
        ids = submitted(api, LABELLED, LABELLED)
        worker.run_all()
        submitted(api, LABELLED)
        assert done(api, "retry", label=["course:c1"]) == (2, 0, 0)
        assert done(api, "retry", label=["course:c1"]) == (0, 0, 0)
        worker.run_all()
        rows = twins.store.tables.rows.values()
        assert sorted(row.retry_of for row in rows if row.retry_of) == ids
        assert len(rows) == 5

    def test_what_can_not_be_retried_is_skipped(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        submitted(api, PROGRAM)
        worker.run_all()
        twins.store.tables.submissions.clear()
        assert done(api, "retry", 202) == (0, 1, 1)

    def test_is_within_the_quota(self) -> None:
        twins = make_twins(max_unfinished_per_owner=2)
        api = connector(twins.ports)("ada", Role.USER)
        submitted(api, PROGRAM, PROGRAM)
        Worker(twins.ports).run_all()
        submitted(api, PROGRAM)
        body(api.post(f"{EXECUTIONS}/retry", {}), 429)
        assert len(twins.store.tables.rows) == 3


class TestDelete:
    def test_what_has_ended(self, api: Api, twins: Twins, worker: Worker) -> None:
        first = submitted(api, PROGRAM, PROGRAM)
        worker.run_all()
        submitted(api, PROGRAM)
        assert done(api, "delete", outcome="success") == (2, 0, 0)
        body(api.get(f"{EXECUTIONS}/{first[0]}"), 404)
        assert twins.store.tables.results == {}
        assert len(body(api.get(EXECUTIONS))["items"]) == 1


@pytest.mark.parametrize(
    "selection",
    [
        {"state": "x"},
        {"label": ["x"]},
        {"id": []},
        {"id": ["x"] * 201},
        {"colour": 1},
        {"from": "x"},
        {"to": "2026-01-01T00:00:00Z", "from": "2026-01-02T00:00:00Z"},
        {"limit": 1},
    ],
)
@pytest.mark.parametrize("action", ["cancel", "retry", "delete"])
def test_a_selection_that_is_wrong(api: Api, action: str, selection: Json) -> None:
    (error,) = body(api.post(f"{EXECUTIONS}/{action}", selection), 422)["errors"]
    assert error["pointer"].startswith(f"/{next(iter(selection))}")
