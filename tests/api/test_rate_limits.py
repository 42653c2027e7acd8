"""Limits of a key: requests, CPU seconds of a day, unfinished executions; and its usage."""

from dataclasses import replace
from typing import Any

import pytest

from app import create_app
from app.domain.execution import SECOND
from app.infrastructure.memory.runtime import Script
from app.service.usage import fold
from tests.support.api_contract import PROGRAM, Api, body
from tests.support.builders import a_key, a_report
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"
LANGUAGES = "/api/v1/languages"
USAGE = "/api/v1/usage"
KEYS = "/api/v1/keys"
TODAY = "2026-01-02"


def with_key(admin: Api, **limits: Any) -> Api:
    made = body(admin.post(KEYS, {"name": "bob"} | limits), 201)
    return replace(admin, key=made["key"])


def run(api: Api, twins: Twins, cpu_seconds: float, **options: Any) -> str:
    """The id of an execution that used so much."""
    twins.runtime.script = lambda _: Script(
        prints=b"12345", ends=a_report(cpu_us=int(cpu_seconds * SECOND))
    )
    id = str(body(api.post(EXECUTIONS, PROGRAM, **options), 202)["id"])
    Worker(twins.ports).run_all()
    fold(twins.store.usage)
    twins.clock.advance(2)
    return id


class TestRequests:
    def test_above_its_rate_a_key_gets_429_until_the_next_window(
        self, admin: Api, twins: Twins
    ) -> None:
        bob = with_key(admin, requests="2/m")
        for remaining in (1, 0):
            response = bob.get(LANGUAGES)
            assert response.status_code == 200
            assert response.headers["RateLimit-Policy"] == '"requests";q=2;w=60'
            # 02:54:05.678901: the minute ends in 54.3 s.
            assert response.headers["RateLimit"] == f'"requests";r={remaining};t=55'
        refused = bob.get(LANGUAGES)
        problem = body(refused, 429)
        assert problem["type"] == "urn:podline:problem:rate-limited"
        assert problem["detail"] == "this key may make 2 requests per minute: try again in 55 s"
        assert problem["retry_after"] == 55
        assert refused.headers["Retry-After"] == "55"
        assert refused.headers["RateLimit"] == '"requests";r=0;t=55'
        twins.clock.advance(54)
        assert bob.get(LANGUAGES).status_code == 429
        twins.clock.advance(1)
        assert bob.get(LANGUAGES).status_code == 200

    def test_every_answer_of_such_a_key_says_what_is_left(self, admin: Api) -> None:
        bob = with_key(admin, requests="10/m")
        for remaining, status in ((9, 404), (8, 422), (7, 403)):
            path = {404: f"{EXECUTIONS}/x", 422: f"{EXECUTIONS}?state=x", 403: "/api/v1/queue"}
            response = bob.get(path[status])
            assert response.status_code == status
            assert f"r={remaining};" in response.headers["RateLimit"]

    def test_keys_without_a_rate_are_not_counted(self, api: Api, twins: Twins) -> None:
        assert "RateLimit" not in api.get(LANGUAGES).headers
        assert twins.ports.requests.count(a_key().id, "any", 1, 1) == 1
        assert len(twins.requests.counts) == 1

    def test_the_setting_holds_for_keys_without_a_rate_of_their_own(
        self, admin: Api, twins: Twins
    ) -> None:
        own, others = with_key(admin, requests="3/h"), with_key(admin)
        policy = replace(twins.ports.policy, requests="1/h")
        app = create_app(replace(twins.ports, policy=policy))
        statuses = [
            [replace(api, app=app).get(LANGUAGES).status_code for _ in range(4)]
            for api in (own, others)
        ]
        assert statuses == [[200, 200, 200, 429], [200, 429, 429, 429]]

    def test_keys_of_one_owner_are_counted_separately(self, admin: Api) -> None:
        first, second = with_key(admin, requests="1/h"), with_key(admin, requests="1/h")
        assert [first.get(LANGUAGES).status_code for _ in range(2)] == [200, 429]
        assert second.get(LANGUAGES).status_code == 200

    def test_beginning_a_session_and_reading_it_count(self, admin: Api) -> None:
        bob, client = with_key(admin, requests="2/h"), admin.app.test_client()
        bearer = {"Authorization": f"Bearer {bob.key}"}
        assert client.post("/api/v1/session", headers=bearer).status_code == 201
        assert client.get("/api/v1/session").status_code == 200
        assert client.get("/api/v1/session").status_code == 429
        refused = client.post("/api/v1/session", headers=bearer)
        assert refused.status_code == 429
        assert refused.headers.getlist("Set-Cookie") == []

    def test_requests_without_a_valid_key_are_not_counted(self, admin: Api) -> None:
        bob = with_key(admin, requests="1/h")
        assert replace(bob, key="pdl_wrong").get(LANGUAGES).status_code == 401
        assert bob.get("/healthz").status_code == 200
        assert bob.get(LANGUAGES).status_code == 200


class TestCpuDay:
    def test_submissions_are_refused_once_the_seconds_of_the_day_are_used(
        self, admin: Api, twins: Twins
    ) -> None:
        bob = with_key(admin, cpu_day=2)
        run(bob, twins, 1.5)
        ran = run(bob, twins, 1.5)
        for path, sent in (
            (EXECUTIONS, PROGRAM),
            ("/api/v1/batches", {"executions": [PROGRAM]}),
            (f"{EXECUTIONS}/{ran}/retry", None),
            (f"{EXECUTIONS}/retry", {"dry_run": False}),
        ):
            refused = bob.post(path, sent) if sent else bob.post(path)
            problem = body(refused, 429)
            assert problem["type"] == "urn:podline:problem:cpu-day-used-up"
            assert "2 CPU seconds of today" in problem["detail"]
            assert int(refused.headers["Retry-After"]) == problem["retry_after"]
        assert 75_000 < problem["retry_after"] < 76_000  # 02:54 to midnight
        assert bob.get(EXECUTIONS).status_code == 200
        twins.clock.advance(problem["retry_after"])
        run(bob, twins, 0.1)

    def test_what_was_accepted_before_is_returned_again(self, admin: Api, twins: Twins) -> None:
        """The response may have been lost: 429 would make the client submit it again tomorrow."""
        bob, named = with_key(admin, cpu_day=1), {"headers": {"Idempotency-Key": "one"}}
        many = {"json": {"executions": [PROGRAM]}, "headers": {"Idempotency-Key": "many"}}
        batch = body(bob.post("/api/v1/batches", **many), 202)["id"]
        ran = run(bob, twins, 2, **named)
        retried = twins.submit(owner="bob")
        Worker(twins.ports).run_all()
        retry = body(admin.post(f"{EXECUTIONS}/{retried.id}/retry"), 202)["id"]
        assert bob.post(EXECUTIONS, PROGRAM).status_code == 429
        assert body(bob.post(EXECUTIONS, PROGRAM, **named), 202)["id"] == ran
        assert body(bob.post("/api/v1/batches", **many), 202)["id"] == batch
        assert body(bob.post(f"{EXECUTIONS}/{retried.id}/retry"), 202)["id"] == retry

    def test_other_keys_of_the_owner_go_on(self, admin: Api, twins: Twins) -> None:
        bob, other = with_key(admin, cpu_day=1), with_key(admin)
        run(bob, twins, 2)
        assert bob.post(EXECUTIONS, PROGRAM).status_code == 429
        run(other, twins, 2)

    def test_the_setting_holds_for_keys_without_a_limit_of_their_own(
        self, admin: Api, twins: Twins
    ) -> None:
        bob = with_key(admin)
        policy = replace(twins.ports.policy, cpu_day=1.0)
        limited = replace(bob, app=create_app(replace(twins.ports, policy=policy)))
        run(limited, twins, 1)
        assert limited.post(EXECUTIONS, PROGRAM).status_code == 429

    def test_a_key_s_own_limit_comes_before_the_setting(self, admin: Api, twins: Twins) -> None:
        bob = with_key(admin, cpu_day=5)
        policy = replace(twins.ports.policy, cpu_day=1.0)
        limited = replace(bob, app=create_app(replace(twins.ports, policy=policy)))
        run(limited, twins, 2)
        run(limited, twins, 4)
        assert limited.post(EXECUTIONS, PROGRAM).status_code == 429

    def test_keys_of_one_owner_are_remembered_separately(self, admin: Api, twins: Twins) -> None:
        first, second = with_key(admin, cpu_day=1), with_key(admin, cpu_day=1)
        run(first, twins, 2)
        assert first.post(EXECUTIONS, PROGRAM).status_code == 429
        assert second.post(EXECUTIONS, PROGRAM).status_code == 202


class TestKeys:
    def test_show_their_limits(self, admin: Api) -> None:
        limits = {"max_unfinished": 100, "requests": "10/s", "cpu_day": 3600.0}
        made = body(admin.post(KEYS, {"name": "bob"} | limits), 201)
        (listed,) = [key for key in body(admin.get(KEYS))["items"] if key["id"] == made["id"]]
        assert limits.items() <= made.items()
        assert limits.items() <= listed.items()

    @pytest.mark.parametrize(
        ("field", "value"),
        [("requests", "10"), ("requests", "0/s"), ("requests", 10), ("cpu_day", 0), ("cpu_day", -1),
         ("cpu_day", "1"), ("max_unfinished", 0), ("max_unfinished", 10**25)],
    )  # fmt: skip
    def test_refuse_other_limits(self, admin: Api, field: str, value: object) -> None:
        problem = body(admin.post(KEYS, {"name": "bob", field: value}), 422)
        assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]


def a_day(
    day: str = TODAY, *, executions: int, cpu_seconds: float, owner: str | None = None
) -> dict[str, object]:
    return {
        "day": day,
        "owner": owner,
        "executions": executions,
        "cpu_seconds": cpu_seconds,
        "stored_bytes": 5 * executions,
    }


class TestUsage:
    def test_is_listed_by_day(self, api: Api, twins: Twins) -> None:
        run(api, twins, 1.25)
        run(api, twins, 0.5)
        twins.clock.advance(2 * 24 * 3600)
        run(api, twins, 0.25)
        today = a_day("2026-01-04", executions=1, cpu_seconds=0.25)
        first = a_day(executions=2, cpu_seconds=1.75)
        assert body(api.get(USAGE)) == {"items": [first, today]}
        assert body(api.get(f"{USAGE}?from=2026-01-03"))["items"] == [today]
        assert body(api.get(f"{USAGE}?to=2026-01-03"))["items"] == [first]
        assert body(api.get(f"{USAGE}?from={TODAY}&to={TODAY}"))["items"] == [first]

    def test_of_others_is_for_operators(self, api: Api, operator: Api, twins: Twins) -> None:
        run(api, twins, 1)
        (key,) = [key for key in twins.store.keys.all() if key.role == "user"]
        assert body(operator.get(USAGE))["items"] == []
        assert len(body(operator.get(f"{USAGE}?owner={key.name}"))["items"]) == 1
        assert api.get(f"{USAGE}?owner=otto").status_code == 403

    def test_of_all_owners_names_each(
        self, api: Api, operator: Api, admin: Api, twins: Twins
    ) -> None:
        run(api, twins, 1)
        run(with_key(admin), twins, 2)
        run(api, twins, 4)
        assert body(operator.get(f"{USAGE}?owner=*"))["items"] == [
            a_day(executions=2, cpu_seconds=5, owner="ada"),
            a_day(executions=1, cpu_seconds=2, owner="bob"),
        ]
        body(api.get(f"{USAGE}?owner=*"), 403)
        body(operator.get(f"{USAGE}?owner=*&from=2026-01-01&to=2026-01-31"))
        body(operator.get(f"{USAGE}?owner=*&from=2026-01-01&to=2026-02-01"), 422)

    @pytest.mark.parametrize(
        "query",
        ["from=yesterday", "to=2026-02-30", "from=2026-01-02T00:00:00Z", "from=20260102",
         "from=2026-01-03&to=2026-01-02", "from=2020-01-01&to=2026-01-01", "day=2026-01-02"],
    )  # fmt: skip
    def test_needs_days_that_exist(self, api: Api, query: str) -> None:
        problem = body(api.get(f"{USAGE}?{query}"), 422)
        assert problem["errors"][0]["in"] == "query"

    def test_of_a_leap_year_can_be_listed_at_once(self, api: Api) -> None:
        assert body(api.get(f"{USAGE}?from=2024-01-01&to=2024-12-31")) == {"items": []}
        body(api.get(f"{USAGE}?from=2024-01-01&to=2025-01-01"), 422)

    @pytest.mark.parametrize("query", ["to=0001-01-01", "from=9999-12-31", "from=2026-01-09"])
    def test_takes_any_day(self, api: Api, query: str) -> None:
        assert body(api.get(f"{USAGE}?{query}")) == {"items": []}
