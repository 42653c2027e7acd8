"""The playground, up to the submission and from its result."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from app.infrastructure.memory.runtime import Script
from tests.support.twins import Twins
from tests.support.worker import Worker

TITLE = "Playground · Podline"


@pytest.fixture
def playground(page: Page) -> Page:
    page.goto("/")
    expect(editor(page)).to_be_visible()
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
    with page.expect_response(re.compile("/api/v1/executions$")) as response:
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
    playground.get_by_role("tab", name="Settings").click()
    playground.get_by_label("Wall time, s").fill("100")
    playground.get_by_role("tab", name="Input").click()
    playground.get_by_role("button", name="Run").click()
    playground.get_by_role("button", name="/limits/wall_seconds").click()
    expect(playground.get_by_label("Wall time, s")).to_be_focused()
    field = playground.get_by_label("Wall time, s")
    expect(field).to_have_accessible_description(re.compile("must be at most 60"))
    expect(playground.get_by_role("tab", name="Settings (1 to fix)")).to_be_visible()


def test_escape_cancels(playground: Page, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    run(playground)
    with playground.expect_response(re.compile("/cancel$")):
        playground.keyboard.press("Escape")
    worker.run_all()
    expect(result(playground)).to_contain_text("Cancelled")
