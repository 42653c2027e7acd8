"""One browser for all tests of the page, and for most the API on in-memory twins."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.domain.api_key import Role
from tests.support.real_api import a_key
from tests.support.twin_fixtures import twins as twins
from tests.support.twin_fixtures import url as url
from tests.support.twin_fixtures import worker as worker
from tests.support.twins import Twins

pytest.importorskip("playwright")

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.page import a_browser, a_context, build_page, sign_in

Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with this folder's tests, because Playwright keeps an event loop running meanwhile."""
    build_page()
    with a_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, url: str, twins: Twins) -> Iterator[Visit]:
    """Opens a window for somebody: `visit("bob", Role.OPERATOR)`, with options of Playwright's."""
    with ExitStack() as stack:

        def open_window(name: str = "ada", role: Role = Role.USER, **options: object) -> Page:
            context = stack.enter_context(a_context(browser, url, **options))
            return sign_in(context, a_key(twins, role, name))

        yield open_window


@pytest.fixture
def context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    """A window of nobody's."""
    with a_context(browser, url) as context:
        yield context


@pytest.fixture
def page(visit: Visit) -> Page:
    """The window of a user."""
    return visit()


@pytest.fixture
def operator_page(visit: Visit) -> Page:
    return visit("otto", Role.OPERATOR)


@pytest.fixture
def admin_page(visit: Visit) -> Page:
    return visit("root", Role.ADMIN)
