"""The page that describes the API, in a browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.api_key import Role
from tests.support.page import NARROW, a_context, check_accessible, check_width
from tests.support.real_api import a_key
from tests.support.twins import Twins
from tests.web.conftest import Visit


def test_an_operation_is_tried_in_the_session_and_with_a_key(
    page: Page, url: str, twins: Twins
) -> None:
    page.goto("/docs#executions_submit")
    expect(page.get_by_text(f"export URL={url} ")).to_be_visible()
    expect(page.get_by_role("link", name="Web page")).to_have_attribute("href", "/")
    submit = page.locator("#executions_submit")
    expect(submit.get_by_label("Example")).to_contain_text("curl -s")
    submit.get_by_role("button", name="Send").click()
    expect(submit.get_by_role("status")).to_contain_text("202")
    expect(submit.get_by_label("Response")).to_contain_text('"state": "queued"')
    page.get_by_label("Key for requests").fill(a_key(twins, Role.USER, "bob"))
    page.locator("#executions_list > summary").click()
    listed = page.locator("#executions_list")
    listed.get_by_role("button", name="Send").click()
    expect(listed.get_by_label("Response")).to_contain_text('"items": []')  # They are bob's.


@pytest.mark.web
def test_it_can_be_read_without_scripts(browser: Browser, url: str) -> None:
    with a_context(browser, url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/docs")
        page.locator("#queue_get > summary").click()
        expect(page.locator("#queue_get").get_by_label("Example")).to_be_visible()


@pytest.mark.web
def test_it_is_accessible_and_narrow(visit: Visit) -> None:
    page = visit(viewport=NARROW)
    page.goto("/docs#executions_submit")
    expect(page.locator("#executions_submit").get_by_label("Body")).to_be_visible()
    check_accessible(page, within="#executions_submit")  # The whole page takes a minute.
    check_width(page)


@pytest.mark.long
def test_every_operation_is_accessible(visit: Visit) -> None:
    page = visit()
    page.goto("/docs")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    forms = page.get_by_role("button", name="Send")
    expect(forms).to_have_count(page.locator(".try").count())
    check_accessible(page, has_contrast=False)  # Which is the same in each, and slow.
