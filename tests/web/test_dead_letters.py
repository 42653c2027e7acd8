"""Dead letters, looked at, retried and discarded in the page."""

import pytest
from playwright.sync_api import Page, expect

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import Execution, State
from app.service import dead_letter_retries, dead_letters
from app.service.sweep import sweep
from tests.support.builders import a_dead_letter, a_message
from tests.support.twins import Twins
from tests.support.worker import Worker

pytestmark = pytest.mark.web

ERROR = "RuntimeUnavailable: no sandbox answers"


def test_a_real_one_is_retried_and_resolved(
    operator_page: Page, twins: Twins, worker: Worker
) -> None:
    execution = fail(twins, worker)
    page = operator_page
    page.goto("/dead-letters?status=waiting")
    page.get_by_role("link", name="Exhausted").click()
    expect(page.get_by_role("link", name=execution.id)).to_have_attribute(
        "href", f"/executions/{execution.id}"
    )
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("The retry was sent.")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Retrying", exact=True)).to_be_visible()
    worker.run_all()
    twins.clock.advance(3600)
    dead_letter_retries.process(twins.ports)
    expect(page.get_by_text("Resolved", exact=True)).to_be_visible()
    retried = twins.now(execution).retried_as
    assert retried is not None
    expect(page.get_by_role("link", name=retried)).to_be_visible()


def test_one_that_can_not_be_retried_says_so_and_is_discarded(
    operator_page: Page, twins: Twins
) -> None:
    letter = a_dead_letter(execution_id="01ABSENT", error=ERROR)
    twins.store.dead_letters.put(letter)
    page = operator_page
    page.goto(f"/dead-letters/{letter.id}")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("can't be retried: discard it")).to_be_visible()
    page.get_by_role("button", name="Discard…").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Discarded", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Discard…")).to_be_disabled()


def test_those_that_match_are_counted_and_discarded(operator_page: Page, twins: Twins) -> None:
    for number in range(230):
        kind = DeadLetterKind.CALLBACK if number % 2 else DeadLetterKind.POISON
        twins.store.dead_letters.put(a_dead_letter(kind=kind, status=DeadLetterStatus.ARCHIVED))
    page = operator_page
    page.goto("/dead-letters")
    page.get_by_label("Status").select_option("archived")
    page.get_by_label("Kind").select_option("poison")
    expect(page).to_have_url("/dead-letters?status=archived&kind=poison")
    rows = page.get_by_role("table", name="Dead letters").get_by_role("row")
    expect(rows).to_have_count(51)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(101)
    page.get_by_role("button", name="Discard all…").click()
    dialog = page.get_by_role("dialog", name="Discard all archived dead letters of the kind poison")
    expect(dialog.get_by_text("115 match now.")).to_be_visible()
    dialog.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded 115 dead letters.")).to_be_visible()
    expect(page.get_by_text("No dead letter matches")).to_be_visible()
    counts = twins.store.dead_letters.count()
    assert counts == {DeadLetterStatus.DISCARDED: 115, DeadLetterStatus.ARCHIVED: 115}


def test_those_that_wait_are_retried_and_the_rest_is_named(
    operator_page: Page, twins: Twins, worker: Worker
) -> None:
    for _ in range(2):
        fail(twins, worker)
    twins.store.dead_letters.put(a_dead_letter(execution_id="01ABSENT", error=ERROR))
    page = operator_page
    page.goto("/dead-letters")
    page.get_by_role("button", name="Retry all…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("3 match now.")).to_be_visible()
    dialog.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Retried 2 dead letters; 1 can't be retried.")).to_be_visible()


def test_a_row_is_opened_with_the_keyboard(operator_page: Page, twins: Twins) -> None:
    letters = [a_dead_letter(error=f"error {number}") for number in range(3)]
    for letter in letters:
        twins.store.dead_letters.put(letter)
    page = operator_page
    page.goto("/dead-letters")
    page.get_by_role("table", name="Dead letters").get_by_role("row").nth(1).focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Error")).to_have_text("error 1")


def test_the_message_of_a_poison_letter_is_readable(operator_page: Page, twins: Twins) -> None:
    letter_id = poison(twins)
    operator_page.goto(f"/dead-letters/{letter_id}")
    message = operator_page.get_by_role("region", name="Message")
    expect(message).to_contain_text('"task": "podline.of.a.newer.version"')


def fail(twins: Twins, worker: Worker) -> Execution:
    """An execution that failed in each of its attempts, while no sandbox answered."""
    execution = twins.submit()
    twins.runtime.unavailable = True
    for _ in range(40):
        worker.run_all()
        if twins.now(execution).state is State.FAILED:
            twins.runtime.unavailable = False
            return twins.now(execution)
        twins.clock.advance(3600)
        sweep(twins.ports)
    raise AssertionError(f"it is still {twins.now(execution).state}")


def poison(twins: Twins) -> str:
    message = a_message(task="podline.of.a.newer.version")
    dead_letters.record_poison(twins.ports, "saga", message, ERROR)
    (letter,) = twins.store.dead_letters.page(None, None, None, 1)
    return letter.id
