"""The playground: from a program to its result."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from app.infrastructure.memory.runtime import Script
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.a_playground import editor, opened, result, run, submitted, tab, write

FIRST_REQUESTS = ["/api/v1/languages", "/api/v1/limits", "/api/v1/session"]


@pytest.fixture
def playground(page: Page) -> Page:
    return opened(page)


def test_the_first_requests_do_not_wait_for_each_other_and_are_sent_once(page: Page) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)
        if len(asked) == len(FIRST_REQUESTS):
            for each in asked:
                each.continue_()

    page.route("**/api/v1/*", hold)
    opened(page)
    assert sorted(urlsplit(route.request.url).path for route in asked) == FIRST_REQUESTS


def test_a_program_runs_from_the_keyboard_and_survives_a_reload(
    playground: Page, twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _: Script(prints=b"Hello, Ada!\n")
    write(playground, "print(f'Hello, {input()}!')")
    playground.get_by_label("Standard input").fill("Ada\n")
    sent = submitted(playground, lambda: editor(playground).press("Control+Enter"))
    assert sent == {
        "language": "python",
        "source": "print(f'Hello, {input()}!')",
        "stdin": "Ada\n",
    }
    worker.run_all()
    expect(result(playground)).to_contain_text("Hello, Ada!")
    expect(playground.get_by_text("Last run: 1 ms, 1 MiB")).to_be_visible()
    expect(playground.get_by_role("button", name="Run")).to_be_visible()
    playground.reload()
    expect(editor(playground)).to_have_text("print(f'Hello, {input()}!')")
    expect(playground.get_by_label("Standard input")).to_have_value("Ada\n")
    expect(result(playground)).to_contain_text("Hello, Ada!")


def test_a_problem_is_shown_at_its_field(playground: Page) -> None:
    tab(playground, "Settings")
    playground.get_by_label("Wall time, s").fill("100")
    tab(playground, "Input")
    playground.get_by_role("button", name="Run").click()
    playground.get_by_role("button", name="Wall time").click()
    expect(playground.get_by_label("Wall time, s")).to_be_focused()
    field = playground.get_by_label("Wall time, s")
    expect(field).to_have_accessible_description(re.compile("must be at most 60"))
    expect(playground.get_by_role("tab", name="Settings (1 to fix)")).to_be_visible()


def test_an_added_row_takes_the_focus_and_each_panel_begins_at_its_top(playground: Page) -> None:
    for add, field in (
        ("Add argument", "Argument 1"),
        ("Add argument", "Argument 2"),
        ("Add variable", "Name of variable 1"),
    ):
        playground.get_by_role("button", name=add).click()
        expect(playground.get_by_role("textbox", name=field)).to_be_focused()
    panel = playground.get_by_role("tabpanel", name="Input")
    assert panel.evaluate("each => each.scrollTop") > 0
    tab(playground, "Settings")
    panel = playground.get_by_role("tabpanel", name="Settings")
    assert panel.evaluate("each => each.scrollTop") == 0
    tab(playground, "Tests")
    playground.get_by_role("button", name="Add test").click()
    expect(playground.get_by_role("textbox", name="Input of test 1")).to_be_focused()


def test_escape_cancels(playground: Page, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    run(playground)
    with playground.expect_response(re.compile("/cancel$")):
        playground.keyboard.press("Escape")
    worker.run_all()
    expect(result(playground)).to_contain_text("Cancelled")
