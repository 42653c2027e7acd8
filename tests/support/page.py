"""The web page in a real browser: Debian's Chromium, through Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from web import page

CHROMIUM = "chromium"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
PATIENCE_MS = 15_000
"""On a machine that may have other work too."""


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Run Chromium. Without it, the tests are skipped on a laptop, and fail in CI."""
    path = shutil.which(CHROMIUM)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is missing: apt-get install chromium")
    options = ["--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()


def build_page() -> None:
    """Build the page again if its sources are newer. Skip without Node, except in CI."""
    if page.is_built():
        return
    try:
        page.build(page.BUILT)
    except page.Unavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


class Faults:
    """What went wrong in a page that no test expects: exceptions, and what its policy refused."""

    def __init__(self, context: BrowserContext) -> None:
        self.found: list[str] = []
        context.on("weberror", lambda event: self.found.append(f"exception: {event.error}"))
        context.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        # The browser reports each status from 400 on as an error, which the page handles.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.found.append(text)


@contextmanager
def a_context(browser: Browser, url: str, **options: Any) -> Iterator[BrowserContext]:
    """Open a window of nobody's, for one service. Fails if a page in it raised an exception."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(PATIENCE_MS)
    faults = Faults(context)
    try:
        yield context
        assert faults.found == []
    finally:
        with suppress(Exception):
            context.close()


def sign_in(context: BrowserContext, key: str) -> Page:
    """Begin a session with a key, as the page does, and return an empty page."""
    response = context.request.post("/api/v1/session", headers={"Authorization": f"Bearer {key}"})
    assert response.status == 201, response.text()
    return context.new_page()
