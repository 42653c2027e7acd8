"""The sign-in and the list of executions."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene


def scenes(_: Client) -> list[Scene]:
    return [Scene("sign-in", "/sign-in", _refused, is_signed_in=False)]


def _refused(page: Page) -> None:
    page.get_by_label("Key", exact=True).fill("pdl_expired")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
