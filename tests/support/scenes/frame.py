"""The sign-in and the list of executions."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene


def scenes(_: Client) -> list[Scene]:
    return [
        Scene("sign-in", "/sign-in", _refused, is_signed_in=False),
        Scene("execution-absent", "/executions/01J", _absent),
        Scene("docs", "/docs", is_whole=False),
        Scene("docs-operation", "/docs#executions_cancel", _operation, is_whole=False),
    ]


def _operation(page: Page) -> None:
    expect(page.locator("#executions_cancel").get_by_role("button", name="Send")).to_be_visible()


def _absent(page: Page) -> None:
    expect(page.get_by_role("alert")).to_contain_text("there is no execution")


def _refused(page: Page) -> None:
    page.get_by_label("Key", exact=True).fill("pdl_expired")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
