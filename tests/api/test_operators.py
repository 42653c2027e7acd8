"""What operators and admins can see and do."""

import base64
from typing import NoReturn

import pytest

from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.errors import CoordinationUnavailable
from app.domain.language import LimitName
from app.infrastructure.memory.runtime import Script
from tests.contracts.queued import entry
from tests.support.api_contract import PROGRAM, Api, Connect, body
from tests.support.builders import a_dead_letter, a_message
from tests.support.twins import Twins
from tests.support.worker import Worker

LETTERS = "/api/v1/dead-letters"
KEYS = "/api/v1/keys"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/queue"),
        ("GET", "/api/v1/disk"),
        ("GET", LETTERS),
        ("GET", f"{LETTERS}/x"),
        ("POST", f"{LETTERS}/x/retry"),
        ("POST", f"{LETTERS}/x/discard"),
        ("POST", f"{LETTERS}/retry"),
        ("POST", f"{LETTERS}/discard"),
        ("GET", "/api/v1/workers"),
        ("GET", "/api/v1/overview"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/replays"),
        ("GET", "/api/v1/replays/x"),
        ("POST", "/api/v1/replays"),
        ("POST", "/api/v1/replays/x/cancel"),
        ("POST", f"{KEYS}/x/rotate-secret"),
        ("GET", "/api/v1/usage?owner=*"),
        ("GET", "/api/v1/usage?owner=otto"),
        ("GET", KEYS),
        ("POST", KEYS),
        ("PATCH", f"{KEYS}/x"),
        ("DELETE", f"{KEYS}/x"),
    ],
)
def test_users_may_not(api: Api, method: str, path: str) -> None:
    problem = body(api.call(method, path, json={} if method in ("POST", "PATCH") else None), 403)
    assert problem["type"] == "urn:podline:problem:forbidden"


def test_keys_are_for_admins(operator: Api) -> None:
    assert operator.get(KEYS).status_code == 403


def test_the_queue_shows_work_and_slots(
    api: Api, operator: Api, twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _pod: Script(ends=None)
    for _ in range(3):
        api.post("/api/v1/executions", PROGRAM)
    worker.run_all()
    twins.clock.advance(2.5)
    queue = body(operator.get("/api/v1/queue"))
    assert queue["counts"]["running"]["normal"] == 2
    assert queue["counts"]["queued"] == {
        "critical": 0,
        "high": 0,
        "normal": 1,
        "low": 0,
        "background": 0,
    }
    assert queue["slots"] == {"total": 2, "used": 2, "free": 0}
    assert queue["oldest_queued_seconds"] == 2.5
    assert queue["oldest_by_priority"] == {"normal": 2.5}
    assert queue["owners"] == [{"owner": "ada", "queued": 1, "oldest_seconds": 2.5}]
    assert queue["events_not_in_log"] == {"executions": 3, "oldest_seconds": 2.5}


def test_the_queue_shows_the_longest_of_owners(operator: Api, twins: Twins) -> None:
    for number in range(12):
        for place in range(number % 3 + 1):
            twins.admission.enter([entry(f"{number}.{place}", owner=f"owner {number}")])
    owners = body(operator.get("/api/v1/queue"))["owners"]
    assert [each["queued"] for each in owners] == [3] * 4 + [2] * 4 + [1] * 2
    assert owners[0] == {"owner": "owner 2", "queued": 3, "oldest_seconds": None}


def test_the_queue_is_shown_without_redis(
    operator: Api, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> NoReturn:
        raise CoordinationUnavailable("Redis is down")

    monkeypatch.setattr(twins.admission, "queued_by_owner", unavailable)
    monkeypatch.setattr(twins.admission, "slots_used", unavailable)
    queue = body(operator.get("/api/v1/queue"))
    assert (queue["owners"], queue["slots"]["used"]) == (None, None)
    assert queue["events_not_in_log"] == {"executions": 0, "oldest_seconds": None}


class TestDeadLetters:
    def test_are_listed_by_status_and_kind(self, operator: Api, twins: Twins) -> None:
        waiting = a_dead_letter()
        poison = a_dead_letter(
            kind=DeadLetterKind.POISON, status=DeadLetterStatus.ARCHIVED, payload="AA=="
        )
        for letter in (waiting, poison):
            twins.store.dead_letters.put(letter)
        for query, expected in {
            "": [poison.id, waiting.id],
            "?status=waiting": [waiting.id],
            "?kind=poison": [poison.id],
            "?status=waiting&kind=poison": [],
        }.items():
            listed = body(operator.get(LETTERS + query))
            assert [item["id"] for item in listed["items"]] == expected
        page = body(operator.get(f"{LETTERS}?limit=1"))
        rest = body(operator.get(f"{LETTERS}?limit=1&cursor={page['next_cursor']}"))
        assert [item["id"] for item in rest["items"]] == [waiting.id]
        assert body(operator.get(f"{LETTERS}/{poison.id}"))["payload"] == "AA=="

    def test_an_exhausted_execution_starts_again_as_a_new_one(
        self, api: Api, operator: Api, twins: Twins, worker: Worker
    ) -> None:
        old = body(api.post("/api/v1/executions", PROGRAM), 202)["id"]
        worker.drop_messages()
        execution = twins.store.executions.get(old)
        assert execution is not None
        twins.store.executions.apply(
            execution.fail(twins.clock(), twins.clock(), "no pod could be made")
        )
        letter = a_dead_letter(execution_id=old)
        twins.store.dead_letters.put(letter)
        assert body(operator.post(f"{LETTERS}/{letter.id}/retry"), 202)["status"] == "retrying"
        retried_as = body(api.get(f"/api/v1/executions/{old}"))["retried_as"]
        assert body(api.get(f"/api/v1/executions/{retried_as}"))["retry_of"] == old

    def test_can_be_discarded(self, operator: Api, twins: Twins) -> None:
        letter = a_dead_letter()
        twins.store.dead_letters.put(letter)
        discarded = body(operator.post(f"{LETTERS}/{letter.id}/discard"))
        assert discarded["status"] == "discarded"

    def test_can_be_retried_by_a_filter(self, operator: Api, twins: Twins) -> None:
        payload = base64.b64encode(a_message(task="podline.of.a.newer.version")).decode()
        twins.store.dead_letters.put(
            a_dead_letter(kind=DeadLetterKind.POISON, origin="queue:saga", payload=payload)
        )
        selection = {"kind": "poison", "status": "waiting"}
        counted = body(operator.post(f"{LETTERS}/retry", {**selection, "dry_run": True}), 202)
        assert counted == {"retried": 0, "skipped": 0, "remaining": 1}
        retried = body(operator.post(f"{LETTERS}/retry", selection), 202)
        assert retried == {"retried": 1, "skipped": 0, "remaining": 0}

    def test_can_be_discarded_by_a_filter(self, operator: Api, twins: Twins) -> None:
        for _ in range(3):
            twins.store.dead_letters.put(a_dead_letter(status=DeadLetterStatus.ARCHIVED))
        twins.store.dead_letters.put(a_dead_letter())
        selection = {"status": "archived", "kind": None, "limit": 2}
        for sent, expected in (
            ({**selection, "dry_run": True}, {"discarded": 0, "remaining": 3}),
            (selection, {"discarded": 2, "remaining": 1}),
            (selection, {"discarded": 1, "remaining": 0}),
        ):
            assert body(operator.post(f"{LETTERS}/discard", sent)) == expected
        assert body(operator.get(f"{LETTERS}?status=waiting"))["items"] != []

    def test_that_do_not_exist_are_not_found(self, operator: Api) -> None:
        assert operator.get(f"{LETTERS}/x").status_code == 404
        assert operator.post(f"{LETTERS}/x/retry").status_code == 404
        assert operator.post(f"{LETTERS}/x/discard").status_code == 404


class TestKeys:
    def test_one_is_shown_once_and_stored_hashed(self, admin: Api, twins: Twins) -> None:
        response = admin.post(KEYS, {"name": "bob", "role": "operator", "max_unfinished": 10})
        made = body(response, 201)
        assert response.headers["Cache-Control"] == "no-store"
        assert made["key"].startswith("pdl_")
        assert made["key"] not in str(twins.store.keys.all())
        listed = body(admin.get(KEYS))["items"]
        assert {key: made[key] for key in made if key not in ("key", "callback_secret")} in listed
        assert made["key"] not in str(listed)

    def test_one_opens_the_api_until_it_is_deleted(self, admin: Api) -> None:
        made = body(admin.post(KEYS, {"name": "bob"}), 201)
        bob = Api(admin.app, admin.document, made["key"])
        assert bob.get("/api/v1/languages").status_code == 200
        assert admin.delete(f"{KEYS}/{made['id']}").status_code == 204
        assert bob.get("/api/v1/languages").status_code == 401
        assert admin.delete(f"{KEYS}/{made['id']}").status_code == 404

    def test_limits_change_one_by_one(self, admin: Api, twins: Twins) -> None:
        made = body(admin.post(KEYS, {"name": "bob", "requests": "10/s", "cpu_day": 5}), 201)
        path = f"{KEYS}/{made['id']}"
        changed = body(admin.call("PATCH", path, json={"requests": None, "max_unfinished": 3}))
        shown = {name: value for name, value in made.items() if name in changed}
        assert changed == shown | {"requests": None, "max_unfinished": 3}
        assert changed in body(admin.get(KEYS))["items"]
        assert body(admin.call("PATCH", path, json={})) == changed
        stored = twins.store.keys.get(made["id"])
        assert stored is not None
        assert (stored.name, stored.cpu_day, stored.max_unfinished) == ("bob", 5, 3)

    def test_a_changed_limit_holds_from_the_next_request(self, admin: Api) -> None:
        made = body(admin.post(KEYS, {"name": "bob"}), 201)
        bob = Api(admin.app, admin.document, made["key"])
        assert bob.get("/api/v1/languages").status_code == 200
        admin.call("PATCH", f"{KEYS}/{made['id']}", json={"requests": "1/d"})
        statuses = [bob.get("/api/v1/languages").status_code for _ in range(2)]
        assert statuses == [200, 429]

    def test_changes_are_checked(self, admin: Api) -> None:
        (own,) = body(admin.get(KEYS))["items"]
        for sent, pointer in (
            ({"requests": "often"}, "/requests"),
            ({"cpu_day": 0}, "/cpu_day"),
            ({"max_unfinished": 0}, "/max_unfinished"),
            ({"role": "user"}, "/role"),
        ):
            problem = body(admin.call("PATCH", f"{KEYS}/{own['id']}", json=sent), 422)
            assert [each["pointer"] for each in problem["errors"]] == [pointer]
        assert admin.call("PATCH", f"{KEYS}/x", json={}).status_code == 404

    def test_one_can_not_delete_itself(self, admin: Api) -> None:
        (own,) = body(admin.get(KEYS))["items"]
        assert admin.delete(f"{KEYS}/{own['id']}").status_code == 409

    def test_one_may_limit_its_owner(self, admin: Api) -> None:
        made = body(admin.post(KEYS, {"name": "bob", "max_unfinished": 1}), 201)
        bob = Api(admin.app, admin.document, made["key"])
        assert body(bob.get("/api/v1/limits"))["max_unfinished"] == 1
        assert bob.post("/api/v1/executions", PROGRAM).status_code == 202
        assert bob.post("/api/v1/executions", PROGRAM).status_code == 429

    @pytest.mark.parametrize(
        ("sent", "pointer"),
        [
            ({}, "/name"),
            ({"name": ""}, "/name"),
            ({"name": "two words"}, "/name"),
            ({"name": "line\n"}, "/name"),
            ({"name": "bob", "role": "king"}, "/role"),
            ({"name": "bob", "max_unfinished": 0}, "/max_unfinished"),
            ({"name": "bob", "max_unfinished": True}, "/max_unfinished"),
        ],
    )
    def test_one_has_a_name_and_a_role(
        self, admin: Api, sent: dict[str, object], pointer: str
    ) -> None:
        problem = body(admin.post(KEYS, sent), 422)
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert "[" not in problem["detail"]  # What is allowed is said in words.


class TestAuthentication:
    PATH = "/api/v1/languages"

    def call(self, api: Api, headers: dict[str, str]) -> int:
        return Api(api.app, api.document, None).get(self.PATH, headers=headers).status_code

    def test_is_needed(self, api: Api) -> None:
        response = Api(api.app, api.document, None).get(self.PATH)
        body(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"

    def test_takes_either_header(self, api: Api) -> None:
        assert self.call(api, {"Authorization": f"bearer {api.key}"}) == 200
        assert self.call(api, {"X-API-Key": f"{api.key}"}) == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "Bearer pdl_guess"},
            {"Authorization": "Bearer "},
            {"Authorization": "Bearer ä".encode("latin-1").decode("latin-1")},
            {"Authorization": "Basic YTpi"},
            {"X-API-Key": "pdl_guess"},
        ],
    )
    def test_refuses_everything_else(self, api: Api, headers: dict[str, str]) -> None:
        assert self.call(api, headers) == 401


def test_what_holds_each_limit_is_said(api: Api) -> None:
    held = body(api.get("/api/v1/limits/held"))["items"]

    assert [item["limit"] for item in held] == list(LimitName)
    assert {item["by"] for item in held} == {"runtime"}


def test_languages_and_limits_say_what_may_be_asked_for(api: Api, connect: Connect) -> None:
    languages = body(api.get("/api/v1/languages"))["items"]
    c = next(language for language in languages if language["name"] == "c")
    assert (c["version"], c["source_name"], c["compiled"]) == ("12.2", "main.c", True)
    javascript = next(language for language in languages if language["name"] == "javascript")
    assert (c["packages"], javascript["packages"]) == ({}, {"lodash": "4.17.21"})
    defaults = [each["limits"]["default"]["processes"] for each in (c, javascript)]
    assert defaults == [128, 160]
    assert c["compile_limits"]["wall_seconds"] == 10
    limits = body(connect("otto", Role.OPERATOR).get("/api/v1/limits"))
    assert limits["limits"]["default"]["memory_mib"] == 128
    assert limits["limits"]["maximum"]["memory_mib"] == 1024
    assert limits["compile_limits"]["default"]["wall_seconds"] == 10
    assert limits["input"]["submission_bytes"] == 12 * 1024 * 1024
    assert limits["input"]["files_bytes"] == limits["input"]["stdin_bytes"] == 8 * 1024 * 1024
    assert limits["max_unfinished"] == 1000
