"""What is around every page: navigation, theme, troubles, and how it is read aloud."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from app.domain.api_key import Role
from tests.support.page import NARROW, check_accessible, check_width
from tests.support.twins import Twins
from tests.web.conftest import Visit


def answer(status: int, title: str) -> Callable[[Route], None]:
    body = {"type": "about:blank", "title": title, "status": status, "detail": f"{title}."}
    return lambda route: route.fulfill(
        status=status, json=body, headers={"Retry-After": "1"}, content_type="application/json"
    )


def test_a_503_is_said_and_passes(page: Page, twins: Twins) -> None:
    execution = twins.submit()
    page.route("**/api/v1/executions*", answer(503, "The store is unavailable"))
    page.goto("/executions")
    banner = page.get_by_role("status").filter(has_text="The store is unavailable")
    expect(banner).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("tries again by itself")
    page.unroute("**/api/v1/executions*")
    expect(page.get_by_role("cell", name=execution.id, exact=True)).to_be_visible()
    expect(banner).to_have_count(0)


def test_somebody_whose_session_ended_signs_in_where_they_were(
    page: Page,
) -> None:
    page.goto("/executions?state=queued#here")
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    assert page.url.endswith("/executions?state=queued#here")


@pytest.mark.web
def test_offline_is_said_and_passes(page: Page, twins: Twins) -> None:
    execution = twins.submit()
    page.goto("/executions")
    expect(page.get_by_role("cell", name=execution.id, exact=True)).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("link", name="Podline").click()
    page.go_back()
    expect(page.get_by_text("Can't reach the service").first).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("cell", name=execution.id, exact=True)).to_be_visible()


@pytest.mark.web
def test_a_part_of_the_page_that_did_not_load_is_loaded_later(page: Page) -> None:
    page.route("**/assets/page-*", lambda route: route.abort())
    page.goto("/executions")
    expect(page.get_by_role("alert")).to_contain_text("Can't load this page")
    page.unroute("**/assets/page-*")
    expect(page.get_by_text("There are no executions yet")).to_be_visible()


@pytest.mark.web
def test_a_style_sheet_that_the_network_lost_is_loaded_later(page: Page) -> None:
    page.route("**/*.css", lambda route: route.abort("connectionreset"), times=1)
    page.goto("/executions")
    expect(page.get_by_role("heading", name="Executions")).to_have_css("font-weight", "600")


@pytest.mark.web
def test_the_theme_is_kept(page: Page) -> None:
    page.goto("/executions")
    page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Theme").select_option("dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_label("Theme")).to_have_value("dark")
    assert page.evaluate(ground) == dark


@pytest.mark.web
def test_another_page_gets_the_focus_and_its_title(page: Page) -> None:
    page.goto("/executions")
    expect(page).to_have_title("Executions · Podline")
    page.evaluate(
        "history.pushState(null, '', '/none'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    expect(page).to_have_title("Not found · Podline")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.web
def test_the_frame_is_accessible_and_narrow(visit: Visit) -> None:
    page = visit("ada", Role.ADMIN, viewport=NARROW)
    page.goto("/executions")
    expect(page.get_by_text("There are no executions yet")).to_be_visible()
    check_accessible(page)
    check_width(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    check_accessible(page)
    check_width(page)
