"""The list of executions."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.domain.api_key import Role
from app.domain.execution import State
from app.domain.submission import Priority
from app.infrastructure.memory.runtime import Script
from tests.support.hostile_texts import HARMLESS_LINES, short
from tests.support.page import NARROW, check_accessible, check_harmless, check_width
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.conftest import Visit


def submitted(twins: Twins, count: int = 1, **facts: object) -> list[str]:
    """The ids, oldest first."""
    return [twins.submit(**facts).id for _ in range(count)]  # type: ignore[arg-type]  # fields of a submission


def states(twins: Twins) -> list[State]:
    rows = sorted(twins.store.tables.rows.values(), key=lambda row: row.id)
    return [row.state for row in rows if not row.erased]


def test_filters_updates_in_place_and_keys(page: Page, twins: Twins, worker: Worker) -> None:
    first, second = submitted(twins, 2, labels={"course": "cs101"})
    other = twins.submit(language="c", priority=Priority.LOW).id
    page.goto("/executions?priority=low")
    expect(page.get_by_text("low priority")).to_be_visible()
    page.get_by_label("Priority").select_option("Any")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Label", exact=True).fill("course:cs101")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/executions\?label=course%3Acs101$"))
    expect(rows).to_have_count(2)
    worker.run_all()
    newest = submitted(twins, labels={"course": "cs101"})[0]
    expect(rows.nth(0)).to_contain_text("Success")
    expect(rows.nth(0)).to_contain_text(second)
    page.get_by_role("button", name="Show 1 new").click()
    expect(rows.nth(0)).to_contain_text(newest)
    page.locator("body").press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("group", name="Act on 1 selected")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/executions/{second}$"))
    page.go_back()
    expect(rows).to_have_count(3)
    expect(page.get_by_text(other)).to_have_count(0)
    expect(page.get_by_text(first)).to_be_visible()


@pytest.mark.web
def test_cancels_all_that_match_after_a_count(page: Page, twins: Twins) -> None:
    submitted(twins, 2)
    submitted(twins, 130, labels={"course": "c1"})
    page.goto("/executions?label=course:c1")
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Cancel executions")
    expect(dialog).to_contain_text("Cancel 130 executions?")
    assert states(twins) == [State.QUEUED] * 132
    dialog.get_by_role("button", name="Cancel 130 executions").click()
    expect(dialog).to_contain_text("130 executions cancelled.")
    assert states(twins) == [State.QUEUED] * 2 + [State.CANCELLED] * 130
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("tbody tr").first).to_contain_text("Cancelled")


@pytest.mark.web
def test_retries_and_deletes_what_is_selected(page: Page, twins: Twins, worker: Worker) -> None:
    submitted(twins, 3)
    worker.run_all()
    page.goto("/executions")
    rows = page.locator("tbody tr")
    rows.nth(1).get_by_role("checkbox").check()
    page.get_by_role("button", name="Retry", exact=True).click()
    dialog = page.get_by_role("dialog", name="Retry executions")
    dialog.get_by_role("button", name="Retry 1 execution").click()
    expect(dialog).to_contain_text("1 execution retried.")
    dialog.get_by_role("button", name="Close").click()
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Queued")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete executions")
    dialog.get_by_role("button", name="Delete 3 executions").click()
    expect(dialog).to_contain_text("3 executions deleted.")
    dialog.get_by_role("button", name="Close").click()
    expect(rows).to_have_count(1)


@pytest.mark.web
def test_nothing_to_do_and_what_the_api_refuses(page: Page) -> None:
    page.goto("/executions?state=running")
    expect(page.get_by_text("No execution matches")).to_be_visible()
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("There is nothing to retry.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/executions?state=asleep")
    expect(page.get_by_role("alert").filter(has_text="state")).to_be_visible()


@pytest.mark.web
def test_pages_and_saved_filters(page: Page, twins: Twins) -> None:
    oldest = submitted(twins, 60)[0]
    page.goto("/executions?state=queued")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text(oldest)
    page.get_by_role("link", name="Newest").click()
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Save this filter").click()
    page.get_by_label("Name").fill("waiting")
    page.keyboard.press("Enter")
    page.goto("/executions")
    page.get_by_role("navigation", name="Saved filters").get_by_role("link", name="waiting").click()
    expect(page).to_have_url(re.compile(r"\?state=queued$"))
    expect(page.get_by_label("State")).to_have_value("queued")
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile(r"/executions$"))


@pytest.mark.web
def test_operators_see_all_owners(operator_page: Page, twins: Twins) -> None:
    submitted(twins, owner="ada")
    operator_page.goto("/executions")
    expect(operator_page.get_by_text("There are no executions yet")).to_be_visible()
    operator_page.get_by_label("Owner").fill("*")
    operator_page.keyboard.press("Enter")
    expect(operator_page.get_by_role("cell", name="ada")).to_be_visible()


@pytest.mark.web
def test_help_is_a_key_away(page: Page) -> None:
    page.goto("/executions")
    page.get_by_text("There are no executions yet").wait_for()
    page.locator("body").press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Next row")
    check_accessible(page)


@pytest.mark.web
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_is_accessible_and_harmless_at_any_width(
    visit: Visit, twins: Twins, worker: Worker, size: str
) -> None:
    page = visit("ada", Role.USER, **({"viewport": NARROW} if size == "narrow" else {}))
    twins.runtime.script = lambda _pod: Script()
    for line in HARMLESS_LINES:
        twins.submit(labels={short(line.replace(":", "")): short(line)})
    worker.run_all()
    label = short(HARMLESS_LINES[0])
    page.goto(f"/executions?label=a:b&label=x:{label}")
    expect(page.get_by_text("No execution matches")).to_be_visible()
    check_width(page)
    page.goto("/executions")
    expect(page.locator("tbody tr")).to_have_count(len(HARMLESS_LINES))
    check_harmless(page, "Executions · Podline")
    check_accessible(page)
