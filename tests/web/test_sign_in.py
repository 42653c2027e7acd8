"""Signing in with a key, and out."""

import pytest
from playwright.sync_api import BrowserContext, expect

from app.domain.api_key import ApiKey, Role
from app.service import keys
from app.service.sessions import sign_in_token
from tests.support.page import sign_in
from tests.support.real_api import a_key
from tests.support.twins import Twins
from tests.web.conftest import Visit


def test_a_key_signs_in_and_the_session_survives_a_reload(
    context: BrowserContext, twins: Twins
) -> None:
    execution = twins.submit()
    page = context.new_page()
    page.goto("/executions")
    page.get_by_label("Key", exact=True).fill("not-a-key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
    page.get_by_label("Key", exact=True).fill(a_key(twins, Role.USER))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("cell", name=execution.id, exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("cell", name=execution.id, exact=True)).to_be_visible()
    assert page.evaluate("document.cookie") == ""  # Scripts can't read it.
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert context.request.get("/api/v1/session").status == 401


def test_a_link_signs_in_once(context: BrowserContext, twins: Twins) -> None:
    page = context.new_page()
    token = sign_in_token(twins.ports.sessions, twins.ports.clock, key_of(twins, "bob")).secret
    page.goto(f"/sign-in#token={token}")
    expect(page.get_by_text("bob", exact=True)).to_be_visible()
    assert token not in page.url
    page.goto("about:blank")
    page.goto(f"/sign-in#token={token}")
    page.get_by_role("button", name="Use the link").click()
    expect(page.get_by_role("alert")).to_contain_text("has been used or has expired")


@pytest.mark.web
def test_other_tabs_show_nothing_of_a_session_that_has_ended(visit: Visit, twins: Twins) -> None:
    execution = twins.submit()
    page = visit("ada")
    other = page.context.new_page()
    other.goto("/executions")
    row = other.get_by_role("cell", name=execution.id, exact=True)
    expect(row).to_be_visible()
    token = sign_in_token(twins.ports.sessions, twins.ports.clock, key_of(twins, "bob")).secret
    page.goto(f"/sign-in#token={token}")
    page.get_by_role("button", name="Use the link").click()
    expect(other.get_by_text("bob", exact=True)).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("Your session has ended.")).to_be_visible()


@pytest.mark.web
def test_a_link_asks_whoever_is_signed_in(visit: Visit, twins: Twins) -> None:
    page = visit("ada")
    token = sign_in_token(twins.ports.sessions, twins.ports.clock, key_of(twins, "bob")).secret
    page.goto(f"/sign-in#token={token}")
    expect(page.get_by_text("You are signed in as ada.")).to_be_visible()
    page.get_by_role("button", name="Stay signed in").click()
    expect(page.get_by_text("ada", exact=True)).to_be_visible()
    page.goto("about:blank")
    page.goto(f"/sign-in#token={token}")
    page.get_by_role("button", name="Use the link").click()
    expect(page.get_by_text("bob", exact=True)).to_be_visible()


@pytest.mark.web
def test_nothing_is_sent_in_the_name_of_another_who_signed_in(visit: Visit, twins: Twins) -> None:
    page = visit("ada")
    page.goto("/")
    run = page.get_by_role("button", name="Run", exact=True)
    expect(run).to_be_enabled()
    sign_in(page.context, a_key(twins, Role.USER, "bob")).close()
    run.click()
    expect(page.get_by_text("bob", exact=True)).to_be_visible()
    bob = page.context.request.get("/api/v1/executions").json()
    assert bob["items"] == []


@pytest.mark.web
def test_a_session_ends_with_its_key(context: BrowserContext, twins: Twins) -> None:
    key, secret = keys.create(twins.ports.store.keys, twins.ports.clock, "bob", Role.USER)
    page = sign_in(context, secret)
    page.goto("/executions")
    expect(page.get_by_text("There are no executions yet")).to_be_visible()
    twins.store.keys.delete(key.id)
    page.get_by_label("State").select_option("queued")  # Or the list notices it first.
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("Key", exact=True).fill(a_key(twins, Role.USER, "bob"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    expect(page.get_by_text("Your session has ended.")).to_have_count(0)


@pytest.mark.web
def test_a_page_that_the_browser_kept_shows_nothing_of_an_ended_session(visit: Visit) -> None:
    page = visit("ada")
    page.goto("/executions")
    expect(page.get_by_text("ada", exact=True)).to_be_visible()
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_label("Key", exact=True)).to_be_visible()


@pytest.mark.web
def test_a_session_of_another_tab_takes_over(visit: Visit, twins: Twins) -> None:
    page = visit("ada")
    page.goto("/executions")
    expect(page.get_by_text("ada", exact=True)).to_be_visible()
    sign_in(page.context, a_key(twins, Role.USER, "bob")).close()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert page.context.request.get("/api/v1/session").status == 401


def key_of(twins: Twins, name: str) -> ApiKey:
    return keys.create(twins.ports.store.keys, twins.ports.clock, name, Role.USER)[0]
