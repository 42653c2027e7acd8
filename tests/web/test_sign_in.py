"""Signing in with a key, and out."""

from playwright.sync_api import BrowserContext, expect

from app.domain.api_key import Role
from tests.support.real_api import a_key
from tests.support.twins import Twins


def test_a_key_signs_in_and_the_session_survives_a_reload(
    context: BrowserContext, twins: Twins
) -> None:
    execution = twins.submit()
    page = context.new_page()
    page.goto("/executions")
    page.get_by_label("Key").fill("not-a-key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
    page.get_by_label("Key").fill(a_key(twins, Role.USER))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("cell", name=execution.id)).to_be_visible()
    page.reload()
    expect(page.get_by_role("cell", name=execution.id)).to_be_visible()
    assert page.evaluate("document.cookie") == ""  # Scripts can't read it.
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_visible()
    assert context.request.get("/api/v1/session").status == 401
