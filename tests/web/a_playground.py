"""What tests of the playground do in it."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

SUBMIT = re.compile("/api/v1/executions$")


def opened(page: Page, address: str = "/") -> Page:
    """Open the playground, and wait for its editor."""
    page.goto(address)
    expect(page.get_by_role("textbox", name="main.py")).to_be_visible()
    return page


def editor(page: Page, name: str = "main.py") -> Locator:
    return page.get_by_role("textbox", name=name)


def write(page: Page, text: str, name: str = "main.py") -> None:
    """Replace the text. `fill` would give it the style of what it replaces, against the policy."""
    editor(page, name).press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def submitted(page: Page, act: Callable[[], object]) -> dict[str, object]:
    """Do what submits a program, and return the submission as the API has it."""
    with page.expect_response(SUBMIT) as response:
        act()
    assert response.value.status == 202, response.value.text()
    return submission(page, response.value.json()["id"])


def submission(page: Page, execution_id: str) -> dict[str, object]:
    response = page.request.get(f"/api/v1/executions/{execution_id}/submission")
    found: dict[str, object] = response.json()
    return found


def run(page: Page) -> dict[str, object]:
    return submitted(page, lambda: page.get_by_role("button", name="Run").click())


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
