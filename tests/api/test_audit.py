"""The audit log: whatever an operator or admin changes is in it."""

from typing import Any

import pytest

from app.api.application import OPERATIONS, make
from app.api.doors.door import Door, Route
from app.api.doors.every import DOORS
from app.api.doors.options import DoorOptions
from app.domain.api_key import Role
from app.domain.audit import AuditRecord
from app.domain.errors import StoreUnavailable
from app.infrastructure.memory.audit import MemoryAuditLog
from app.infrastructure.memory.store import MemoryStore
from app.service.audit import REFUSED_SIGN_INS
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.builders import a_dead_letter
from tests.support.twins import Twins, make_twins

AUDIT = "/api/v1/audit"
KEYS = "/api/v1/keys"
SESSION = "/api/v1/session"
LATER = "01JD0000000000000000000000"

OWN_WORK = {
    ("POST", "/api/v1/executions"): "has its key on its row, and events of its own",
    ("POST", "/api/v1/batches"): "likewise",
}
"""Operations that change something and are not recorded, and why."""
WRITES = [
    operation
    for operation in OPERATIONS
    if operation.method not in ("GET", "HEAD", "OPTIONS")
    and (operation.method, operation.path) not in OWN_WORK
]


@pytest.fixture(autouse=True)
def ticking(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """A millisecond passes before each look at the clock, so that records have an order."""
    call = type(twins.clock).__call__

    def after_a_moment(clock: Any) -> int:
        clock.advance(0.001)
        return call(clock)

    monkeypatch.setattr(type(twins.clock), "__call__", after_a_moment)


def newest(admin: Api) -> dict[str, Any]:
    found: dict[str, Any] = body(admin.get(AUDIT))["items"][0]
    return found


def test_there_are_operations_that_change_something() -> None:
    assert len(WRITES) > 15
    every = {(operation.method, operation.path) for operation in OPERATIONS}
    assert OWN_WORK.keys() <= every


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.endpoint)
def test_every_operation_that_changes_something_is_recorded(admin: Api, operation: Any) -> None:
    """A new one that is not must be named above, with its reason."""
    path = operation.path.replace("{", "").replace("}", "")
    answer = admin.call(operation.method, path, json={} if operation.body else None)
    record = newest(admin)
    assert record["action"] == f"{operation.method} {operation.path}"
    assert record["status"] == answer.status_code
    assert record["request_id"] == answer.headers["X-Request-Id"]
    assert (record["name"], record["role"]) == ("root", "admin")


def test_nothing_else_changes_anything(twins: Twins) -> None:
    app = make(twins.ports, DoorOptions())
    others = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    } - {(operation.method, operation.endpoint) for operation in OPERATIONS}
    assert not others


@pytest.mark.parametrize(
    "route",
    [
        (door, route)
        for door in DOORS
        for route in door.routes
        if route.method not in ("GET", "HEAD", "OPTIONS", "POST") and route.needs_key
    ],
    ids=lambda found: f"{found[0].name} {found[1].method} {found[1].path}",
)
def test_what_a_door_changes_is_recorded_unless_it_submits(
    twins: Twins, admin: Api, route: tuple[Door, Route]
) -> None:
    door, each = route
    app = make(twins.ports, DoorOptions(open=frozenset({door.name})))
    path = each.path
    given = path.replace("<", "").replace(">", "").replace("int:", "")
    answer = app.test_client().open(given, method=each.method, headers={"X-API-Key": admin.key})
    record = newest(admin)
    assert record["action"] == f"{each.method} {path}"
    assert record["status"] == answer.status_code


def test_who_did_what_to_what_from_where(admin: Api) -> None:
    made = body(
        admin.post(
            KEYS,
            {"name": "ada", "role": "operator"},
            headers={"X-Forwarded-For": "198.51.100.7", "X-Request-Id": "a-request"},
            environ_base={"REMOTE_ADDR": "192.0.2.1"},
        ),
        201,
    )
    record = newest(admin)
    own = next(key for key in body(admin.get(KEYS))["items"] if key["name"] == "root")
    assert record | {"id": "", "time": ""} == {
        "id": "",
        "time": "",
        "key_id": own["id"],
        "name": "root",
        "role": "admin",
        "address": "192.0.2.1",
        "forwarded_for": "198.51.100.7",
        "action": "POST /api/v1/keys",
        "target": {"key_id": made["id"], "name": "ada", "role": "operator"},
        "request_id": "a-request",
        "outcome": "succeeded",
        "status": 201,
    }
    assert made["key"] not in admin.get(AUDIT).get_data(as_text=True)


def test_limits_of_a_key_are_recorded(admin: Api) -> None:
    made = body(admin.post(KEYS, {"name": "ada", "role": "user"}), 201)
    admin.call("PATCH", f"{KEYS}/{made['id']}", json={"max_unfinished": 5, "requests": "10/s"})
    target = newest(admin)["target"]
    assert target == {"key_id": made["id"], "name": "ada", "max_unfinished": 5, "requests": "10/s"}


def test_others_executions(admin: Api, api: Api, operator: Api) -> None:
    execution = body(api.post("/api/v1/executions", PROGRAM), 202)
    operator.post(f"/api/v1/executions/{execution['id']}/cancel")
    record = newest(admin)
    assert (record["name"], record["role"], record["outcome"]) == ("otto", "operator", "succeeded")
    assert record["target"] == {"execution_id": execution["id"], "owner": "ada"}
    operator.post("/api/v1/executions/cancel", {"owner": "ada"})
    assert newest(admin)["target"] == {"owner": "ada", "dry_run": False, "done": 0}


def test_dead_letters_and_replays(admin: Api, operator: Api, twins: Twins) -> None:
    letter = a_dead_letter()
    twins.ports.store.dead_letters.put(letter)
    operator.post(f"/api/v1/dead-letters/{letter.id}/discard")
    assert newest(admin)["target"] == {"letter_id": letter.id}
    operator.post("/api/v1/dead-letters/retry", {"kind": "poison"})
    assert newest(admin)["target"] == {
        "status": "waiting", "kind": "poison", "dry_run": False, "done": 0,
    }  # fmt: skip
    replay = body(
        operator.post(
            "/api/v1/replays", {"mode": "resubmit", "dry_run": True, "executions": [LATER]}
        ),
        202,
    )
    assert newest(admin)["target"] == {
        "replay_id": replay["id"], "mode": "resubmit", "dry_run": True,
    }  # fmt: skip


def test_what_was_refused_is_recorded(admin: Api, operator: Api) -> None:
    operator.post(KEYS, {"name": "ada", "role": "admin"})
    record = newest(admin)
    assert (record["name"], record["outcome"], record["status"]) == ("otto", "refused", 403)
    admin.post(KEYS, {"name": "-"})
    assert newest(admin)["status"] == 422


def test_users_and_reads_and_own_work_are_not(admin: Api, api: Api) -> None:
    execution = body(api.post("/api/v1/executions", PROGRAM), 202)
    api.post(f"/api/v1/executions/{execution['id']}/cancel")
    api.post(KEYS, {})
    admin.post("/api/v1/executions", PROGRAM)
    admin.get(KEYS)
    assert body(admin.get(AUDIT))["items"] == []


def test_sign_ins_of_operators_and_not_of_users(admin: Api, operator: Api, api: Api) -> None:
    api.post(SESSION)
    assert body(admin.get(AUDIT))["items"] == []
    token = body(operator.post(f"{SESSION}/token"), 201)["token"]
    for secret in (operator.key, token):
        assert sign_in(api, str(secret)) == 201
        record = newest(admin)
        assert (record["name"], record["action"]) == ("otto", f"POST {SESSION}")
        assert (record["outcome"], record["target"]) == ("succeeded", {})


def test_the_first_refused_sign_ins_of_each_hour(admin: Api, api: Api, twins: Twins) -> None:
    """Whoever has no key must not fill the log."""
    for _ in range(REFUSED_SIGN_INS + 3):
        assert sign_in(api, "pdl_guessed") == 401
    shown = body(admin.get(AUDIT))["items"]
    assert len(shown) == REFUSED_SIGN_INS
    record = shown[0]
    assert (record["action"], record["outcome"], record["status"]) == (
        f"POST {SESSION}",
        "refused",
        401,
    )
    assert (record["key_id"], record["name"], record["role"]) == (None, None, None)
    assert (record["address"], record["forwarded_for"]) == ("192.0.2.1", None)
    assert "guessed" not in str(shown)
    twins.clock.advance(3600)
    assert sign_in(api, "pds_guessed") == 401
    assert len(body(admin.get(AUDIT))["items"]) == REFUSED_SIGN_INS + 1


def test_a_sign_in_without_a_key_is_no_attempt(admin: Api, api: Api) -> None:
    assert api.app.test_client().post(SESSION).status_code == 401
    assert body(admin.get(AUDIT))["items"] == []


def sign_in(api: Api, secret: str) -> int:
    bearer = {"Authorization": f"Bearer {secret}"}
    client = api.app.test_client(use_cookies=False)
    return client.post(
        SESSION, headers=bearer, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    ).status_code


def test_it_is_listed_in_pages_for_admins(admin: Api, operator: Api, api: Api) -> None:
    for name in ("a", "b", "c"):
        admin.post(KEYS, {"name": name, "role": "user"})
    first = body(admin.get(f"{AUDIT}?limit=2"))
    rest = body(admin.get(f"{AUDIT}?limit=2&cursor={first['next_cursor']}"))
    names = [each["target"]["name"] for each in first["items"] + rest["items"]]
    assert (names, rest["next_cursor"]) == (["c", "b", "a"], None)
    assert operator.get(AUDIT).status_code == api.get(AUDIT).status_code == 403


class Down(MemoryAuditLog):
    def put(self, record: AuditRecord) -> None:  # noqa: ARG002  # the port's signature
        raise StoreUnavailable("down")


def test_nothing_is_done_that_can_t_be_recorded() -> None:
    store = MemoryStore()
    store.audit = Down()
    twins = make_twins(store=store)
    admin = connector(twins.ports)("root", Role.ADMIN)
    assert admin.post(KEYS, {"name": "ada", "role": "user"}).status_code == 503
    assert [key.name for key in twins.ports.store.keys.all()] == ["root"]
