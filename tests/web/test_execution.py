"""The page of one execution: its main path."""

from playwright.sync_api import Page, expect

from app.domain.report import Stream
from tests.contracts.queued import entry
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.a_program import AProgram


def test_from_the_queue_to_the_verdict(page: Page, twins: Twins, worker: Worker) -> None:
    program = AProgram(twins, worker)
    twins.admission.enter([entry(program.id)])
    page.goto(f"/executions/{program.id}")
    state = page.get_by_role("status").filter(has_text="slot")
    expect(state).to_contain_text("queue position 1 (an estimate)")
    program.start()
    expect(page.get_by_text("The program is running.")).to_be_visible()
    program.print(b"one \x1b[31mred\x1b[0m\n")
    output = page.get_by_role("region", name="Output: text")
    expect(output.get_by_text("red")).to_be_visible()
    program.print(b"warning\n", Stream.STDERR)
    expect(output.locator(".is-stderr")).to_contain_text("warning")
    page.reload()
    expect(output.locator(".output-row")).to_have_count(2)
    program.end()
    expect(page.get_by_text("The program ended with exit code 0.")).to_be_visible()
    expect(output.locator(".output-row")).to_have_count(2)
    timeline = page.get_by_role("table", name="How long each phase of each attempt took")
    expect(timeline.get_by_role("row").nth(1)).to_contain_text("Completed")
    expect(page.get_by_role("definition").filter(has_text="of 10 s")).to_be_visible()
