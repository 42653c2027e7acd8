"""Replays in the API: /api/v1/replays."""

from typing import Any

import pytest

from app.service.replay.slices import work
from tests.support.api_contract import Api, body
from tests.support.lives import Lives
from tests.support.twins import Twins

REPLAYS = "/api/v1/replays"
FAILED = "podline.execution.failed.v1"
REEMIT = {"mode": "reemit", "target": "again"}


def run(twins: Twins) -> None:
    while (replay_id := twins.pipeline.take_replay()) is not None:
        work(twins.ports, replay_id)


def test_from_request_to_end(operator: Api, twins: Twins) -> None:
    row = Lives(twins).rows["failed"]
    asked = {
        "mode": "resubmit",
        "from": "2020-01-01T00:00:00Z",
        "to": "2026-01-02T05:00:00.5+01:00",
        "types": [FAILED],
        "executions": [row.id],
        "dry_run": False,
    }
    response = operator.post(REPLAYS, asked)
    made = body(response, 202)
    assert response.headers["Location"] == f"{REPLAYS}/{made['id']}"
    assert made["from"] == "2020-01-01T00:00:00.000000Z"
    assert made["to"] <= "2026-01-02T04:00:00.500000Z"
    assert (made["types"], made["executions"]) == ([FAILED], [row.id])
    assert (made["status"], made["requested_by"], made["target"]) == ("pending", "otto", None)
    run(twins)
    done = body(operator.get(f"{REPLAYS}/{made['id']}"))
    assert (done["status"], done["done"], done["skipped"]) == ("completed", 1, {})
    assert done["matched"] == {FAILED: 1}
    assert made["created_at"] <= done["started_at"] <= done["ended_at"]


def test_a_dry_run_says_what_would_be_done(operator: Api, twins: Twins) -> None:
    lives = Lives(twins).rows
    made = body(operator.post(REPLAYS, REEMIT | {"dry_run": True}), 202)
    run(twins)
    done = body(operator.get(f"{REPLAYS}/{made['id']}"))
    assert done["done"] == sum(row.version for row in lives.values())
    assert twins.event_log.reemitted("again") == []


def test_are_listed_newest_first_in_pages(operator: Api) -> None:
    ids = [body(operator.post(REPLAYS, REEMIT), 202)["id"] for _ in range(3)]
    assert sorted(item["id"] for item in body(operator.get(REPLAYS))["items"]) == sorted(ids)
    page = body(operator.get(f"{REPLAYS}?limit=2"))
    rest = body(operator.get(f"{REPLAYS}?limit=2&cursor={page['next_cursor']}"))
    listed = [item["id"] for item in page["items"] + rest["items"]]
    assert listed == sorted(ids, reverse=True)


def test_one_is_cancelled_once(operator: Api) -> None:
    made = body(operator.post(REPLAYS, REEMIT), 202)
    path = f"{REPLAYS}/{made['id']}/cancel"
    assert body(operator.post(path), 202)["status"] == "cancelled"
    body(operator.post(path), 409)


def test_a_password_is_never_shown(operator: Api, caplog: pytest.LogCaptureFixture) -> None:
    asked = {
        "mode": "rebuild",
        "target": "memory://me:hush@host/db?tlsCertificateKeyFilePassword=x",
    }
    answer = operator.post(REPLAYS, asked)
    made = body(answer, 202)
    for response in (
        answer,
        operator.get(REPLAYS),
        operator.get(f"{REPLAYS}/{made['id']}"),
        operator.post(f"{REPLAYS}/{made['id']}/cancel"),
        operator.post(REPLAYS, {"mode": "rebuild", "target": "ftp://me:hush@host"}),
    ):
        assert "hush" not in response.get_data(as_text=True)
    assert "hush" not in caplog.text
    assert made["target"].startswith("memory://me:****")
    assert made["target"].endswith("Password=********")


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/mode"),
        ({"mode": "rewind"}, "/mode"),
        ({"mode": "reemit"}, "/target"),
        ({"mode": "reemit", "target": "no topic"}, "/target"),
        ({"mode": "resubmit"}, "/from"),
        ({"mode": "resubmit", "types": [], "executions": [], "dry_run": True}, "/from"),
        ({"mode": "resubmit", "target": "again", "types": [FAILED]}, "/target"),
        ({"mode": "rebuild", "target": "memory://x", "types": [FAILED]}, "/types"),
        (REEMIT | {"types": [FAILED, "podline.execution.danced.v1"]}, "/types/1"),
        (REEMIT | {"from": "yesterday"}, "/from"),
        (REEMIT | {"to": "2026-01-02T03:04:05"}, "/to"),
        (REEMIT | {"from": 5}, "/from"),
        (REEMIT | {"from": "0001-01-01T00:00:00+14:00"}, "/from"),
        (REEMIT | {"from": "9999-12-31T23:59:59-14:00"}, "/from"),
        (REEMIT | {"from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:04:05Z"}, "/to"),
        (REEMIT | {"executions": "01J"}, "/executions"),
        (REEMIT | {"executions": ["01J\x1b[2J"]}, "/executions"),
        ({"mode": "rebuild", "target": "sqlite:////tmp/\x9b2J"}, "/target"),
        (REEMIT | {"dry_run": "yes"}, "/dry_run"),
        (REEMIT | {"since": "2026-01-02T03:04:05Z"}, "/since"),
    ],
)
def test_bad_fields_are_named(operator: Api, sent: dict[str, Any], pointer: str) -> None:
    problem = body(operator.post(REPLAYS, sent), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        (
            {"mode": "reemit", "target": "no topic", "types": ["x", FAILED, "y"], "dry_run": 1},
            {"/target", "/types/0", "/types/2", "/dry_run"},
        ),
        (
            {"mode": "rewind", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
            {"/mode", "/to"},
        ),
        (
            {"mode": "rebuild", "types": ["x", FAILED], "from": 5},
            {"/target", "/types/0", "/types", "/from"},
        ),
        ({"mode": "resubmit", "target": 5, "to": "never"}, {"/target", "/to"}),
        ({"mode": "resubmit", "types": ["x"], "since": 1}, {"/types/0", "/since"}),
        (
            {"executions": ["01J\x1b[2J", 5], "target": 5},
            {"/mode", "/executions", "/executions/1", "/target"},
        ),
    ],
)
def test_types_and_rules_are_reported_together(
    operator: Api, sent: dict[str, Any], pointers: set[str]
) -> None:
    problem = body(operator.post(REPLAYS, sent), 422)
    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert body(operator.get(REPLAYS))["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", REPLAYS),
        ("GET", REPLAYS),
        ("GET", f"{REPLAYS}/x"),
        ("POST", f"{REPLAYS}/x/cancel"),
    ],
)
def test_users_may_not(api: Api, method: str, path: str) -> None:
    body(api.call(method, path, json={} if method == "POST" else None), 403)


def test_that_do_not_exist_are_not_found(operator: Api) -> None:
    body(operator.get(f"{REPLAYS}/x"), 404)
    body(operator.post(f"{REPLAYS}/x/cancel"), 404)
