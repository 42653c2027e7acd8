"""/api/v1/batches."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.domain.api_key import Role
from app.infrastructure.memory.runtime import Script
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body, connector
from tests.support.builders import an_id
from tests.support.costly import SUBMISSIONS
from tests.support.cpu import least_cpu_seconds
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

BATCHES = "/api/v1/batches"


def submitted(api: Api, *programs: object, **options: Any) -> Json:
    sent = {"executions": list(programs) or [PROGRAM, PROGRAM, PROGRAM]}
    return body(api.post(BATCHES, sent, **options), 202)


def ids(batch: Json) -> list[str]:
    return [item["execution"]["id"] for item in batch["items"] if item["execution"]]


class TestSubmit:
    def test_returns_an_execution_for_each(self, api: Api, worker: Worker) -> None:
        response = api.post(BATCHES, {"executions": [PROGRAM, PROGRAM | {"stdin": "x"}]})
        batch = body(response, 202)
        assert response.headers["Location"] == f"{BATCHES}/{batch['id']}"
        assert batch["unfinished"] == 2
        for item in batch["items"]:
            assert item["problem"] is None
            assert item["execution"]["state"] == "queued"
            assert item["execution"]["batch_id"] == batch["id"]
        worker.run_all()
        shown = body(api.get(f"/api/v1/executions/{ids(batch)[1]}"))
        assert (shown["state"], shown["batch_id"]) == ("completed", batch["id"])

    def test_a_single_submission_has_no_batch(self, api: Api) -> None:
        assert body(api.post("/api/v1/executions", PROGRAM), 202)["batch_id"] is None

    def test_refuses_a_program_and_accepts_the_others(self, api: Api) -> None:
        batch = submitted(
            api,
            PROGRAM,
            PROGRAM | {"language": "cobol", "colour": 1},
            PROGRAM | {"priority": "critical"},
            7,
            PROGRAM,
        )
        assert [item["execution"] is not None for item in batch["items"]] == [
            *(True, False, False, False, True)
        ]
        invalid, forbidden, no_object = (item["problem"] for item in batch["items"][1:4])
        assert invalid["status"] == 422
        assert [(each["in"], each["pointer"]) for each in invalid["errors"]] == [
            ("body", "/executions/1/colour"),
            ("body", "/executions/1/language"),
        ]
        assert forbidden["status"] == 403
        assert forbidden["detail"].startswith("/executions/2: priority critical needs")
        assert [each["pointer"] for each in no_object["errors"]] == ["/executions/3"]
        assert body(api.get(f"{BATCHES}/{batch['id']}")) == batch

    @pytest.mark.parametrize(
        ("sent", "pointer"),
        [
            ({}, "/executions"),
            ({"executions": []}, "/executions"),
            ({"executions": {}}, "/executions"),
            ({"executions": [PROGRAM] * 101}, "/executions"),
            ({"executions": [PROGRAM], "colour": 1}, "/colour"),
        ],
    )
    def test_refuses_what_is_no_batch(self, api: Api, sent: Json, pointer: str) -> None:
        errors = body(api.post(BATCHES, sent), 422)["errors"]
        assert [error["pointer"] for error in errors] == [pointer]

    def test_accepts_a_hundred(self, api: Api) -> None:
        assert len(ids(submitted(api, *[PROGRAM] * 100))) == 100

    def test_accepts_twelve_mebibytes_and_no_more(self, api: Api) -> None:
        program = PROGRAM | {"stdin": "x" * 120_000}
        assert len(ids(submitted(api, *[program] * 100))) == 100
        large = json.dumps({"executions": [program] * 105})
        assert len(large) > 12 * 1024 * 1024
        response = api.call("POST", BATCHES, data=large, content_type="application/json")
        body(response, 413)

    def test_has_room_for_the_values_of_a_hundred(self, api: Api) -> None:
        full = PROGRAM | {"args": ["x"] * 64, "env": {f"K{number}": "v" for number in range(64)}}
        assert len(ids(submitted(api, *[full] * 100))) == 100

    def test_lists_a_bounded_number_of_problems(self, api: Api) -> None:
        wrong = PROGRAM | {f"f{number}": 0 for number in range(30)}
        batch = submitted(api, *[wrong] * 100)
        listed = [len(item["problem"]["errors"]) for item in batch["items"]]
        assert listed == [20] * 5 + [1] * 95

    def test_the_quota_must_have_room_for_all(self) -> None:
        twins = make_twins(max_unfinished_per_owner=2)
        api = connector(twins.ports)("ada", Role.USER)
        response = api.post(BATCHES, {"executions": [PROGRAM] * 3})
        assert body(response, 429)["detail"].endswith("has 3: send fewer, or try again later")
        assert response.headers["Retry-After"]
        assert len(ids(submitted(api, PROGRAM, PROGRAM))) == 2

    def test_an_idempotency_key_covers_all(self, api: Api) -> None:
        key = {"Idempotency-Key": "k"}
        first = submitted(api, PROGRAM, 7, headers=key)
        assert submitted(api, PROGRAM, 7, headers=key) == first
        other = api.post(BATCHES, {"executions": [PROGRAM]}, headers=key)
        assert body(other, 422)["type"].endswith("idempotency-mismatch")
        body(api.post(BATCHES, {"executions": [PROGRAM]}, headers={"Idempotency-Key": ""}), 400)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel"), ("GET", "/stream")])
def test_another_owner_finds_nothing(
    connect: Connect, api: Api, operator: Api, method: str, path: str
) -> None:
    batch = submitted(api)
    bob = connect("bob", Role.USER)
    body(bob.call(method, f"{BATCHES}/{batch['id']}{path}"), 404)
    body(api.call(method, f"{BATCHES}/{an_id()}{path}"), 404)
    if path == "":
        assert ids(body(operator.get(f"{BATCHES}/{batch['id']}"))) == ids(batch)


class TestGet:
    def test_counts_what_has_not_ended(self, api: Api, worker: Worker) -> None:
        batch = submitted(api)
        worker.run_all()
        shown = body(api.get(f"{BATCHES}/{batch['id']}?wait=60"))
        assert shown["unfinished"] == 0
        for item in shown["items"]:
            assert (item["execution"]["state"], item["execution"]["result"]) == ("completed", None)

    def test_waits_for_the_end(self, api: Api, worker: Worker) -> None:
        batch = submitted(api)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(api.get, f"{BATCHES}/{batch['id']}?wait=60")
            worker.run_all()
            assert body(waiting.result())["unfinished"] == 0

    def test_waits_no_longer_than_asked(self, api: Api) -> None:
        batch = submitted(api)
        assert body(api.get(f"{BATCHES}/{batch['id']}?wait=0.01"))["unfinished"] == 3
        body(api.get(f"{BATCHES}/{batch['id']}?wait=61"), 422)

    def test_names_what_was_deleted(self, api: Api, worker: Worker) -> None:
        batch = submitted(api)
        worker.run_all()
        assert api.delete(f"/api/v1/executions/{ids(batch)[1]}").status_code == 204
        items = body(api.get(f"{BATCHES}/{batch['id']}"))["items"]
        assert [item["execution"] is None for item in items] == [False, True, False]
        assert items[1]["problem"]["status"] == 410


def test_cancel(api: Api, worker: Worker) -> None:
    batch = submitted(api)
    shown = body(api.post(f"{BATCHES}/{batch['id']}/cancel"), 202)
    assert {item["execution"]["state"] for item in shown["items"]} == {"cancelled"}
    assert shown["unfinished"] == 0
    worker.run_all()
    assert body(api.post(f"{BATCHES}/{batch['id']}/cancel"), 202) == shown


def test_a_list_of_its_executions(api: Api) -> None:
    batch, other = submitted(api), submitted(api, PROGRAM)
    assert len(body(api.get("/api/v1/executions"))["items"]) == 4
    listed = body(api.get(f"/api/v1/executions?batch={batch['id']}"))["items"]
    assert [execution["id"] for execution in listed] == ids(batch)[::-1]
    assert body(api.get(f"/api/v1/executions?batch={other['id']}&state=failed"))["items"] == []


def events(response: Any) -> list[tuple[str, str, Json]]:
    """Name, id and data of each."""
    found = []
    for frame in response.get_data(as_text=True).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in frame.splitlines())
        if "event" in fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


class TestStream:
    @pytest.fixture
    def batch(self, api: Api, twins: Twins, worker: Worker) -> Json:
        twins.runtime.script = lambda _: Script(prints=b"out")
        batch = submitted(api)
        worker.run_all()
        return batch

    def test_sends_each_end_with_its_result(self, api: Api, batch: Json) -> None:
        response = api.get(f"{BATCHES}/{batch['id']}/stream")
        assert response.mimetype == "text/event-stream"
        *ends, (name, _, data) = events(response)
        assert (name, data) == ("end", {"batch_id": batch["id"]})
        assert {name for name, _, _ in ends} == {"execution"}
        assert sorted(data["id"] for _, _, data in ends) == ids(batch)
        assert {data["result"]["stdout"] for _, _, data in ends} == {"out"}
        expected = api.document["components"]["schemas"]["Execution"]["required"]
        assert set(ends[0][2]) == set(expected)

    def test_continues_after_a_position(self, api: Api, batch: Json) -> None:
        path = f"{BATCHES}/{batch['id']}/stream"
        whole = events(api.get(path))
        for read, (_, position, _) in enumerate(whole[:-1], start=1):
            rest = api.get(path, headers={"Last-Event-ID": position})
            assert events(rest) == whole[read:]
        over = api.get(path, headers={"Last-Event-ID": whole[-1][1]})
        assert over.status_code == 204

    def test_refuses_what_is_no_position(self, api: Api, batch: Json) -> None:
        path = f"{BATCHES}/{batch['id']}/stream"
        body(api.get(path, headers={"Last-Event-ID": "7"}), 400)


SIZE = 1_000_000
OF_EACH_SORT = {
    "args: lists in lists",
    "base64",
    "compare: kinds",
    "env: wrong values",
    "files: unknown fields",
    "labels: wrong values",
    "no object",
    "tests: empty",
    "unknown fields",
}
"""The others are read by the same code, and tests/api/test_costs.py has all of them."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in OF_EACH_SORT else pytest.mark.long)
        for kind in SUBMISSIONS
    ],
)
def test_reading_one_is_cheap(lasting_api: Api, kind: str) -> None:
    one = SUBMISSIONS[kind](SIZE // 100)
    sent = b'{"executions":[' + b",".join([one] * 100) + b"]}"
    allowed = 3 * 50e-9 * len(sent)

    def submit() -> None:
        response = lasting_api.call("POST", BATCHES, data=sent, content_type="application/json")
        assert response.status_code in {202, 400, 422}
        assert len(response.data) < 200_000

    assert least_cpu_seconds(submit, times=3, enough=allowed) <= allowed
