"""A whole session without a mouse: nothing is out of reach, and the focus can always be seen."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.api_key import Role
from app.infrastructure.memory.runtime import Script
from tests.support.real_api import a_key
from tests.support.twins import Twins
from tests.support.worker import Worker

pytestmark = pytest.mark.web

MOST_STOPS = 60
FOCUSED = """() => {
    const focused = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
    const style = getComputedStyle(focused);
    const label = focused.labels?.[0]?.textContent;
    return {
        name: (focused.ariaLabel || label || focused.textContent).trim(),
        isSeen: style.outlineStyle !== "none" || focused.closest(".cm-editor") !== null
            || getComputedStyle(focused.parentElement).outlineStyle !== "none",
        isThere: focused.getBoundingClientRect().width > 0,
        isEditor: focused.closest(".cm-editor") !== null,
    };
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until what has that name has the focus; each stop must be visible."""
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        if focused["name"] == name:
            assert focused["isSeen"], f"{name} does not show that it has the focus"
            assert focused["isThere"], f"{name} is nowhere"
            return
        if focused["isEditor"]:
            page.keyboard.press("Escape")  # There, the key would indent.
        stops.append(focused["name"][:40])
    pytest.fail(f"no stop is {name}: {stops}")


def enter(page: Page, name: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")


def go_to(page: Page, title: str) -> None:
    """By the navigation; the new page has the focus then."""
    tab_to(page, title, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("main")).to_be_focused()


def test_a_session_without_a_mouse(context: BrowserContext, twins: Twins, worker: Worker) -> None:
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_label("Key")).to_be_focused()
    page.keyboard.type(a_key(twins, Role.ADMIN, "root"))
    page.keyboard.press("Enter")
    editor = page.get_by_role("textbox", name="main.py")
    expect(editor).to_be_visible()

    run_and_cancel(page, twins, worker)
    look_through_output(page)
    retry_and_delete(page, worker)
    for title in ("Overview", "Dead letters", "Replays", "Events", "Workers", "Keys", "Usage"):
        go_to(page, title)
    tab_to(page, "Sign out", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Key")).to_be_focused()


def run_and_cancel(page: Page, twins: Twins, worker: Worker) -> None:
    tab_to(page, "Language")
    tab_to(page, "main.py")  # The tab of the file.
    tab_to(page, "main.py")  # The editor, which shows its focus a moment later.
    expect(page.locator(".cm-focused")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text("print('first')")
    page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("It waits for a slot")
    page.keyboard.press("Escape")
    expect(result).to_contain_text("It was cancelled")
    expect(page.get_by_role("textbox", name="main.py")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    printed = b"one\ntwo\nthree\n" * 20
    twins.runtime.script = lambda _pod: Script(prints=printed)
    worker.run_all()
    expect(result).to_contain_text("Success")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="main.py")).not_to_be_focused()


def look_through_output(page: Page) -> None:
    tab_to(page, "Search the output")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 20")).to_be_visible()
    enter(page, "Next match")
    expect(page.get_by_text("2 of 20")).to_be_visible()
    tab_to(page, "Output: text")
    page.keyboard.press("End")


def retry_and_delete(page: Page, worker: Worker) -> None:
    go_to(page, "Executions")
    tab_to(page, "State")
    page.keyboard.type("Comp")
    expect(page).to_have_url(re.compile("state=completed"))
    expect(page.get_by_label("State")).to_be_focused()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_label("State").press("Tab")
    tab_to(page, rows.first.text_content() or "")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    enter(page, "Retry")
    expect(page.get_by_text("Retry of")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()
    worker.run_all()
    go_to(page, "Executions")
    expect(rows).to_have_count(3)
    enter(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete 3 executions")).to_be_enabled()
    enter(page, "Delete 3 executions")
    expect(dialog).to_contain_text("3 executions deleted.")
    page.keyboard.press("Escape")
    expect(page.get_by_text("There are no executions yet")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_be_focused()
