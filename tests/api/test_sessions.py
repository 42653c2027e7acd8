"""Sessions of browsers."""

import re
from dataclasses import dataclass

import pytest
from werkzeug.test import Client, TestResponse

from app.api.application import OPERATIONS
from app.domain.api_key import Role
from app.domain.session import Session
from app.infrastructure.memory.sessions import MemorySessions
from app.service import sessions as service
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body
from tests.support.twins import Twins

SESSION = "/api/v1/session"
EXECUTIONS = "/api/v1/executions"


@dataclass
class Browser:
    """Keeps cookies, and sends no key."""

    client: Client
    csrf_token: str = ""

    def sign_in(self, secret: str, **headers: str) -> TestResponse:
        bearer = {"Authorization": f"Bearer {secret}"}
        response = self.client.post(SESSION, headers={**bearer, **headers})
        if response.status_code == 201:
            self.csrf_token = body(response, 201)["csrf_token"]
        return response

    def call(
        self, method: str, path: str, *, csrf: bool = True, json: Json | None = None
    ) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf_token} if csrf else {}
        return self.client.open(path, method=method, headers=headers, json=json)


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api.app.test_client())


def secret(api: Api) -> str:
    assert api.key is not None
    return api.key


class TestBegin:
    def test_with_a_key(self, api: Api, browser: Browser) -> None:
        response = browser.sign_in(secret(api))
        session = body(response, 201)
        assert (session["name"], session["role"]) == ("ada", "user")
        assert session["expires_at"] == "2026-01-02T14:54:05.678901Z"
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("podline_session=")
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            assert attribute in cookie.split("; ")
        assert "Secure" not in cookie
        assert session["csrf_token"] not in cookie
        assert secret(api) not in cookie + response.get_data(as_text=True)

    def test_the_response_is_documented(self, api: Api) -> None:
        body(api.post(SESSION), 201)
        body(api.post(f"{SESSION}/token"), 201)
        body(api.get(SESSION), 401)
        assert api.delete(SESSION).status_code == 204

    def test_over_https_the_cookie_is_secure(self, api: Api, browser: Browser) -> None:
        response = browser.client.post(
            SESSION,
            base_url="https://podline.example.org",
            headers={"Authorization": f"Bearer {secret(api)}"},
        )
        assert "Secure" in response.headers["Set-Cookie"].split("; ")

    def test_over_https_only_this_host_can_set_the_cookie(self, api: Api, browser: Browser) -> None:
        https = {"X-Forwarded-Proto": "https"}
        cookie = browser.sign_in(secret(api), **https).headers["Set-Cookie"]
        attributes = cookie.split("; ")
        assert attributes[0].startswith("__Host-podline_session=")
        assert {"Secure", "Path=/"} < set(attributes)
        assert "Domain" not in cookie
        value = attributes[0].partition("=")[2]
        session = {**https, "Cookie": f"__Host-podline_session={value}"}
        body(api.app.test_client(use_cookies=False).get(EXECUTIONS, headers=session), 200)
        set_by_another_host = {**https, "Cookie": f"podline_session={value}"}
        response = api.app.test_client(use_cookies=False).get(
            EXECUTIONS, headers=set_by_another_host
        )
        body(response, 401)

    @pytest.mark.parametrize(
        ("said", "secure"),
        [("https", True), ("HTTPS , http", True), ("http", False), ("http, https", False)],
    )
    def test_a_proxy_says_whether_it_was_https(
        self, api: Api, browser: Browser, said: str, secure: bool
    ) -> None:
        headers = {"Authorization": f"Bearer {secret(api)}", "X-Forwarded-Proto": said}
        response = browser.client.post(SESSION, headers=headers)
        assert ("Secure" in response.headers["Set-Cookie"].split("; ")) == secure

    def test_the_session_of_a_replaced_cookie_ends(self, api: Api, browser: Browser) -> None:
        browser.sign_in(secret(api))
        replaced = api.app.test_client()
        cookie = browser.client.get_cookie("podline_session")
        assert cookie is not None
        replaced.set_cookie("podline_session", cookie.value)
        body(replaced.get(EXECUTIONS), 200)
        browser.sign_in(secret(api))
        body(replaced.get(EXECUTIONS), 401)
        body(browser.call("GET", EXECUTIONS), 200)

    @pytest.mark.parametrize("wrong", ["", "pdl_wrong", "pds_wrong"])
    def test_not_without_a_valid_key(self, browser: Browser, wrong: str) -> None:
        response = browser.sign_in(wrong)
        body(response, 401)
        assert "Set-Cookie" not in response.headers

    def test_only_hashes_are_kept(self, api: Api, browser: Browser, twins: Twins) -> None:
        cookie = browser.sign_in(secret(api)).headers["Set-Cookie"]
        value = cookie.partition("=")[2].partition(";")[0]
        assert isinstance(twins.ports.sessions, MemorySessions)
        assert value not in repr(twins.ports.sessions._sessions)
        assert secret(api) not in repr(twins.ports.sessions._sessions)


class TestUse:
    def test_reads_and_writes_as_its_owner(self, api: Api, browser: Browser) -> None:
        browser.sign_in(secret(api))
        execution = body(browser.call("POST", EXECUTIONS, json=PROGRAM), 202)
        assert body(browser.call("GET", EXECUTIONS, csrf=False))["items"][0] == execution
        assert body(api.get(f"{EXECUTIONS}/{execution['id']}"))["id"] == execution["id"]

    @pytest.mark.parametrize("token", ["", "wrong", "ß"])
    def test_changes_nothing_without_the_csrf_token(
        self, api: Api, browser: Browser, token: str
    ) -> None:
        browser.sign_in(secret(api))
        browser.csrf_token = token
        for method, path in (("POST", EXECUTIONS), ("DELETE", SESSION), ("DELETE", EXECUTIONS)):
            response = browser.call(method, path, json=PROGRAM)
            if response.status_code != 405:
                assert "X-CSRF-Token" in body(response, 403)["detail"]
        assert body(api.get(EXECUTIONS))["items"] == []
        assert browser.call("GET", SESSION).status_code == 200

    def test_a_token_of_another_session_does_not_count(self, api: Api, browser: Browser) -> None:
        other = Browser(api.app.test_client())
        other.sign_in(secret(api))
        browser.sign_in(secret(api))
        browser.csrf_token = other.csrf_token
        body(browser.call("POST", EXECUTIONS, json=PROGRAM), 403)

    def test_a_key_needs_no_csrf_token(self, api: Api, browser: Browser) -> None:
        browser.sign_in(secret(api))
        headers = {"X-API-Key": secret(api)}
        body(browser.client.post(EXECUTIONS, json=PROGRAM, headers=headers), 202)

    def test_has_the_role_of_its_key(self, api: Api, operator: Api, browser: Browser) -> None:
        browser.sign_in(secret(api))
        body(browser.call("GET", "/api/v1/queue"), 403)
        browser.sign_in(secret(operator))
        body(browser.call("GET", "/api/v1/queue"), 200)

    @pytest.mark.parametrize("role", [Role.USER, Role.OPERATOR])
    def test_is_refused_by_every_call_for_a_higher_role(
        self, connect: Connect, browser: Browser, role: Role
    ) -> None:
        browser.sign_in(secret(connect("mallory", role)))
        higher = [each for each in OPERATIONS if each.role and not role.includes(each.role)]
        assert len(higher) >= 4
        for operation in higher:
            path = re.sub(r"{\w+}", "x", operation.path)
            sent: Json | None = {} if operation.body else None
            response = browser.call(operation.method, path, json=sent)
            problem = body(response, 403)
            assert f"the role {operation.role}" in problem["detail"], operation.endpoint

    def test_a_page_that_is_loaded_again_gets_its_token(self, api: Api, browser: Browser) -> None:
        begun = body(browser.sign_in(secret(api)), 201)
        assert body(browser.call("GET", SESSION, csrf=False)) == begun


class TestEnd:
    def test_by_request(self, api: Api, browser: Browser) -> None:
        cookie = browser.sign_in(secret(api)).headers["Set-Cookie"]
        response = browser.call("DELETE", SESSION)
        assert response.status_code == 204
        assert "Max-Age=0" in response.headers["Set-Cookie"]
        again = api.app.test_client()
        again.set_cookie("podline_session", cookie.partition("=")[2].partition(";")[0])
        assert "sign in again" in body(again.get(EXECUTIONS), 401)["detail"]

    @pytest.mark.parametrize("signs_out", [True, False])
    def test_ends_streams_too(
        self, api: Api, browser: Browser, monkeypatch: pytest.MonkeyPatch, signs_out: bool
    ) -> None:
        browser.sign_in(secret(api))
        execution = body(browser.call("POST", EXECUTIONS, json=PROGRAM), 202)
        monkeypatch.setattr("app.service.keys.CHECK_SECONDS", 0)
        path = f"{EXECUTIONS}/{execution['id']}/stream"
        pieces = browser.client.get(path).iter_encoded()
        next(pieces)
        assert b"queued" in next(pieces)
        if signs_out:
            browser.call("DELETE", SESSION)
            assert list(pieces) == []
        else:
            body(api.post(f"{EXECUTIONS}/{execution['id']}/cancel"), 202)
            assert b"end" in b"".join(pieces)

    def test_with_its_key(self, admin: Api, connect: Connect, browser: Browser) -> None:
        bob = connect("bob", Role.USER)
        browser.sign_in(secret(bob))
        keys = {key["name"]: key["id"] for key in body(admin.get("/api/v1/keys"))["items"]}
        assert admin.delete(f"/api/v1/keys/{keys['bob']}").status_code == 204
        body(browser.call("GET", EXECUTIONS), 401)
        body(browser.call("GET", SESSION), 401)

    def test_by_itself(self, api: Api, browser: Browser, twins: Twins) -> None:
        browser.sign_in(secret(api))
        kept = twins.ports.sessions
        assert isinstance(kept, MemorySessions)
        for name, (session, _) in list(kept._sessions.items()):
            kept.put(name, session, 0, service.MOST)
        body(browser.call("GET", EXECUTIONS), 401)

    def test_by_many_newer_ones_of_its_key(
        self, api: Api, browser: Browser, connect: Connect, twins: Twins
    ) -> None:
        others = Browser(api.app.test_client())
        others.sign_in(secret(connect("bob", Role.USER)))
        browser.sign_in(secret(api))
        (ada,) = (key for key in twins.store.keys.all() if key.name == "ada")
        for _ in range(service.MOST - 1):
            service.begin(twins.ports.sessions, twins.clock, ada)
        body(browser.call("GET", EXECUTIONS), 200)
        newest = Browser(api.app.test_client())
        newest.sign_in(secret(api))
        assert "sign in again" in body(browser.call("GET", EXECUTIONS), 401)["detail"]
        body(newest.call("GET", EXECUTIONS), 200)
        body(others.call("GET", EXECUTIONS), 200)


class TestSignInToken:
    def test_begins_one_session(self, api: Api, browser: Browser) -> None:
        token = body(api.post(f"{SESSION}/token"), 201)
        assert token["expires_at"] == "2026-01-02T02:59:05.678901Z"
        assert body(browser.sign_in(token["token"]), 201)["name"] == "ada"
        body(Browser(api.app.test_client()).sign_in(token["token"]), 401)
        body(browser.call("POST", EXECUTIONS, json=PROGRAM), 202)

    def test_is_no_key_and_no_cookie(self, api: Api, browser: Browser) -> None:
        token = body(api.post(f"{SESSION}/token"), 201)["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        body(browser.client.get(EXECUTIONS, headers=bearer), 401)
        browser.client.set_cookie("podline_session", token)
        body(browser.call("GET", EXECUTIONS), 401)
        body(browser.sign_in(token), 201)

    def test_cannot_be_created_by_a_session_which_it_would_outlast(
        self, api: Api, browser: Browser
    ) -> None:
        browser.sign_in(secret(api))
        assert "not a session" in body(browser.call("POST", f"{SESSION}/token"), 403)["detail"]

    def test_a_cookie_is_no_sign_in_token(self, api: Api, browser: Browser) -> None:
        cookie = browser.sign_in(secret(api)).headers["Set-Cookie"]
        value = cookie.partition("=")[2].partition(";")[0]
        body(Browser(api.app.test_client()).sign_in(value), 401)
        body(browser.call("GET", EXECUTIONS), 200)

    def test_of_a_key_that_was_deleted(
        self, admin: Api, connect: Connect, browser: Browser
    ) -> None:
        bob = connect("bob", Role.USER)
        token = body(bob.post(f"{SESSION}/token"), 201)["token"]
        keys = {key["name"]: key["id"] for key in body(admin.get("/api/v1/keys"))["items"]}
        assert admin.delete(f"/api/v1/keys/{keys['bob']}").status_code == 204
        body(browser.sign_in(token), 401)

    def test_lasts_five_minutes(self, twins: Twins, api: Api) -> None:
        class Kept(MemorySessions):
            def put(
                self, secret_hash: str, session: Session, ttl_seconds: float, most: int
            ) -> None:
                assert ttl_seconds == 300
                super().put(secret_hash, session, ttl_seconds, most)

        assert api.key
        key = twins.store.keys.all()[0]
        service.sign_in_token(Kept(), twins.clock, key)
