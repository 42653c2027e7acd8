"""The overview, as operators see it."""

import pytest
from playwright.sync_api import Page, expect

from app.domain.minutes import minute_of
from tests.support.operating import an_hour_of_work
from tests.support.twins import Twins


def test_shows_an_hour_of_work_and_leads_to_the_lists(operator_page: Page, twins: Twins) -> None:
    an_hour_of_work(twins)
    page = operator_page
    page.goto("/overview")
    now = page.get_by_role("region", name="Now")
    expect(now.get_by_role("link", name="Queued 10")).to_have_attribute(
        "href", "/executions?owner=*&state=queued"
    )
    expect(now.get_by_role("link", name="Dead letters 3")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(4)
    page.get_by_text("Show as a table: Executions per minute").click()
    table = page.get_by_role("table", name="Executions per minute")
    # A row for the titles, and one for each minute.
    expect(table.get_by_role("row")).to_have_count(61)
    expect(table.get_by_role("row", name="(so far)")).to_have_count(1)
    expect(page.get_by_role("row", name="bob 3")).to_be_visible()
    band = page.get_by_role("table", name="Queue by priority").get_by_role("row", name="Normal")
    band.get_by_role("link").click()
    expect(page.get_by_label("Priority")).to_have_value("normal")
    expect(page.locator("tbody tr")).to_have_count(7)


@pytest.mark.web
def test_refreshes_by_itself(operator_page: Page, twins: Twins) -> None:
    page = operator_page
    page.clock.install()
    page.goto("/overview")
    ended = page.get_by_role("region", name="Last hour").get_by_role("link", name="Ended")
    expect(ended).to_have_text("Ended0")
    twins.ports.minutes.add(minute_of(twins.clock()), ["ended:success"])
    page.clock.run_for(5_100)
    expect(ended).to_have_text("Ended1")
