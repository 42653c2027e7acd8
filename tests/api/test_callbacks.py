"""Callbacks as clients of the API ask for them and see them."""

from dataclasses import replace
from typing import Any

import pytest

from app import create_app
from app.domain.callback_secret import CallbackSecrets
from app.service.callbacks import deliver_due
from tests.support.api_contract import PROGRAM, Api, body
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"
KEYS = "/api/v1/keys"
URL = "https://example.com/ended?token=x"


def submit(api: Api, **fields: Any) -> dict[str, Any]:
    execution: dict[str, Any] = body(api.post(EXECUTIONS, PROGRAM | fields), 202)
    return execution


def shown(api: Api, execution: dict[str, Any]) -> Any:
    return body(api.get(f"{EXECUTIONS}/{execution['id']}"))["callback"]


def test_an_execution_shows_how_far_its_callback_has_come(
    api: Api, twins: Twins, worker: Worker
) -> None:
    execution = submit(api, callback_url=URL)
    assert execution["callback"] == {"state": "waiting", "attempts": 0, "next_at": None}
    twins.callbacks.refuse["example.com"] = "no"
    worker.run_all()
    later = "2026-01-02T02:54:15.678901Z"
    assert shown(api, execution) == {"state": "pending", "attempts": 1, "next_at": later}
    twins.callbacks.refuse.clear()
    twins.clock.advance(10)
    deliver_due(twins.ports)
    assert shown(api, execution) == {"state": "delivered", "attempts": 2, "next_at": None}
    assert "token" not in str(body(api.get(f"{EXECUTIONS}/{execution['id']}")))
    assert "token" not in str(body(api.get(f"{EXECUTIONS}/{execution['id']}/events")))


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://localhost:8000/", "http://[::1]/", "http://10.0.0.1/"),
        *("http://169.254.169.254/latest/meta-data/", "http://2130706433/", "http://0x7f.1/"),
        *("http://[::ffff:10.0.0.1]/", "http://[fe80::1%25eth0]/", "https://u:p@example.com/"),
        *("ftp://example.com/", "example.com", "", "http://example.com:22/", "http://a.com/#x"),
    ],
)
def test_a_url_that_is_not_public_is_refused_by_name(api: Api, url: str) -> None:
    problem = body(api.post(EXECUTIONS, PROGRAM | {"callback_url": url}), 422)
    (error,) = problem["errors"]
    assert error["pointer"] == "/callback_url"
    assert len(error["detail"]) > 20


def test_an_operator_can_allow_a_network(api: Api, twins: Twins) -> None:
    policy = replace(twins.ports.policy, callback_networks="127.0.0.0/8")
    app = create_app(replace(twins.ports, policy=policy))
    allowed = replace(api, app=app)
    assert submit(allowed, callback_url="http://localhost:8080/")["callback"] is not None
    assert allowed.post(EXECUTIONS, PROGRAM | {"callback_url": "http://10.0.0.1/"}).status == (
        "422 UNPROCESSABLE ENTITY"
    )


def test_without_a_secret_callbacks_are_refused(api: Api, twins: Twins) -> None:
    policy = replace(twins.ports.policy, signs_callbacks=False)
    silent = replace(api, app=create_app(replace(twins.ports, policy=policy)))
    problem = body(silent.post(EXECUTIONS, PROGRAM | {"callback_url": URL}), 422)
    assert "PODLINE_CALLBACK_SECRET" in problem["errors"][0]["detail"]
    assert submit(silent)["callback"] is None


def test_each_program_of_a_batch_has_its_own(api: Api, twins: Twins, worker: Worker) -> None:
    programs = [PROGRAM | {"callback_url": URL}, PROGRAM, PROGRAM | {"callback_url": "ftp://x/"}]
    items = body(api.post("/api/v1/batches", {"executions": programs}), 202)["items"]
    assert items[2]["problem"]["errors"][0]["pointer"].endswith("/callback_url")
    worker.run_all()
    (delivery,) = twins.callbacks.sent
    assert delivery.execution.id == items[0]["execution"]["id"]
    key = twins.store.keys.get(delivery.callback.key_id)
    assert key is not None
    assert delivery.secrets == twins.ports.callback_secrets.signing(key, twins.clock())


class TestSecret:
    def test_is_shown_once_with_the_key_and_signs(
        self, admin: Api, twins: Twins, worker: Worker
    ) -> None:
        made = body(admin.post(KEYS, {"name": "bob"}), 201)
        assert made["callback_secret"].startswith("pcs_")
        assert made["callback_secret"] not in str(body(admin.get(KEYS)))
        assert made["callback_secret"] not in str(twins.store.keys.all())
        submit(replace(admin, key=made["key"]), callback_url=URL)
        worker.run_all()
        assert twins.callbacks.sent[0].secrets == (made["callback_secret"],)

    def test_is_rotated_with_an_overlap_of_a_day(
        self, admin: Api, twins: Twins, worker: Worker
    ) -> None:
        made = body(admin.post(KEYS, {"name": "bob"}), 201)
        response = admin.post(f"{KEYS}/{made['id']}/rotate-secret")
        rotated = body(response)
        assert response.headers["Cache-Control"] == "no-store"
        assert rotated["previous_valid_until"] == "2026-01-03T02:54:05.678901Z"
        submit(replace(admin, key=made["key"]), callback_url=URL)
        worker.run_all()
        both = (rotated["callback_secret"], made["callback_secret"])
        assert twins.callbacks.sent[0].secrets == both
        assert len(set(both)) == 2

    def test_of_an_unknown_key_is_not_found(self, admin: Api) -> None:
        assert admin.post(f"{KEYS}/x/rotate-secret").status_code == 404

    def test_of_a_service_without_one_is_null(self, admin: Api, twins: Twins) -> None:
        silent = replace(
            admin, app=create_app(replace(twins.ports, callback_secrets=CallbackSecrets(None)))
        )
        made = body(silent.post(KEYS, {"name": "bob"}), 201)
        assert made["callback_secret"] is None
        assert silent.post(f"{KEYS}/{made['id']}/rotate-secret").status_code == 409

    def test_is_rotated_by_admins_only(self, operator: Api) -> None:
        assert operator.post(f"{KEYS}/x/rotate-secret").status_code == 403
