"""Replays of the event log, started in the page after a dry run."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.domain.filters import ExecutionFilter
from app.service.relay import relay
from app.service.replay.slices import work
from tests.support.twins import Twins
from tests.support.worker import Worker

pytestmark = pytest.mark.web


@pytest.fixture
def executions(twins: Twins, worker: Worker) -> list[str]:
    ids = [twins.submit().id for _ in range(3)]
    worker.run_all()
    relay(twins.ports)
    twins.clock.advance(1)
    return ids


def work_on_the_newest(twins: Twins, count: int) -> None:
    """Do the newest of so many replays, as a worker would."""
    replays = twins.store.replays.page(None, 10)
    assert len(replays) == count
    work(twins.ports, replays[0].id)


def test_a_dry_run_comes_first(operator_page: Page, twins: Twins, executions: list[str]) -> None:
    page = operator_page
    page.goto("/replays")
    page.get_by_text("New replay").click()
    start = page.get_by_role("button", name="Start the replay…")
    expect(start).to_be_disabled()
    page.get_by_label("Executions").fill(f"{executions[0]}, {executions[1]}")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("Pending (dry run)").first).to_be_visible()
    work_on_the_newest(twins, 1)
    form = page.locator("form")
    expect(form.get_by_text("Completed (dry run)")).to_be_visible()
    expect(form.get_by_role("definition").filter(has_text="Queued 2")).to_be_visible()

    start.click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page.get_by_text("The replay has started.")).to_be_visible()
    work_on_the_newest(twins, 2)
    replay = twins.store.replays.page(None, 1)[0]
    page.get_by_role("link", name=replay.id).click()
    expect(page.get_by_role("heading", name=f"Replay {replay.id}")).to_be_visible()
    expect(page.get_by_text("Completed", exact=True)).to_be_visible()
    assert replay.counts.done == 2
    assert not replay.dry_run
    assert twins.store.executions.count(ExecutionFilter(), 10) == len(executions) + 2


def test_a_change_of_the_form_needs_another_dry_run(
    operator_page: Page, twins: Twins, executions: list[str]
) -> None:
    page = operator_page
    page.goto("/replays")
    page.get_by_text("New replay").click()
    page.get_by_label("Mode").select_option("reemit")
    page.get_by_label("Target").fill("again")
    page.get_by_label("Completed").check()
    page.get_by_role("button", name="Dry run").click()
    start = page.get_by_role("button", name="Start the replay…")
    expect(start).to_be_enabled()
    page.get_by_label("Target").fill("elsewhere")
    expect(start).to_be_disabled()
    (replay,) = twins.store.replays.page(None, 10)
    assert replay.filter.types == {"podline.execution.completed.v1"}
    assert (replay.dry_run, replay.target) == (True, "again")
    assert len(executions) == 3


def test_what_is_wrong_is_said_at_its_field(operator_page: Page) -> None:
    page = operator_page
    page.goto("/replays")
    page.get_by_text("New replay").click()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_label("From")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("is required for resubmit")).to_be_visible()
    page.get_by_label("Mode").select_option("rebuild")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("the URL of the database")).to_be_visible()


def test_one_is_cancelled(operator_page: Page, twins: Twins, executions: list[str]) -> None:
    page = operator_page
    page.goto("/replays")
    page.get_by_text("New replay").click()
    page.get_by_label("Executions").fill(executions[0])
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Cancel the replay").click()
    expect(page.locator("form").get_by_text("Cancelled (dry run)")).to_be_visible()
    assert twins.store.replays.page(None, 1)[0].status == "cancelled"


def test_a_refusal_uses_the_words_of_the_form(operator_page: Page) -> None:
    page = operator_page
    page.goto("/replays")
    page.get_by_text("New replay").click()
    page.get_by_role("button", name="Dry run").click()
    described = "is required for resubmit, or else Until, Events or Executions"
    expect(page.get_by_label("From")).to_have_accessible_description(re.compile(described))
    page.get_by_label("From").fill("2026-01-02T03:04:05")
    page.get_by_label("Until").fill("2026-01-02T03:04:05")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_label("Until")).to_have_accessible_description("must be after From")
