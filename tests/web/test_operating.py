"""The main path of each page for operators and admins, in one window."""

from playwright.sync_api import Page, expect

from app.service.relay import relay
from app.service.usage import fold
from tests.support.operating import an_hour_of_work
from tests.support.twins import Twins
from tests.support.worker import Worker


def test_every_page_shows_what_the_service_did(
    admin_page: Page, twins: Twins, worker: Worker
) -> None:
    an_hour_of_work(twins)
    worker.run_all()
    relay(twins.ports)
    fold(twins.store.usage)
    page = admin_page

    page.goto("/dead-letters?kind=task_error")
    page.get_by_role("link", name="Task error").click()
    expect(page.get_by_role("region", name="Error")).to_have_text("KeyError: 'node'")
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("118 in create")

    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Events").click()
    page.get_by_label("Owner").fill("eve")
    page.get_by_role("button", name="Search").click()
    # A row for the titles, and one for each event of the only execution.
    expect(page.get_by_role("table", name="Events").get_by_role("row")).to_have_count(6)
    expect(page).to_have_url("/events?owner=eve")

    pages.get_by_role("link", name="Usage").click()
    page.get_by_role("link", name="All owners").click()
    expect(page.get_by_role("row", name="bob 3")).to_be_visible()

    pages.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("row", name="podline.pods.create")).to_be_visible()
    expect(page.get_by_role("row", name="Responds")).to_be_visible()

    pages.get_by_role("link", name="Replays").click()
    expect(page.get_by_text("There are no replays yet")).to_be_visible()

    pages.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("row", name="root admin")).to_be_visible()
