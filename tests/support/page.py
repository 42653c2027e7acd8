"""The web page in a real browser: Debian's Chromium, through Playwright."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from web import page

CHROMIUM = "chromium"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
PATIENCE_MS = 60_000
"""On a machine that may have other work too."""


def _axe() -> str:
    """The rules of accessibility, a script. Its package would start a browser when imported."""
    package = importlib.util.find_spec("axe_playwright_python")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("axe.min.js").read_text()


def _modest(chromium: str, place: Path) -> Path:
    """A script that starts Chromium without the right to raise its priority above the tests'."""
    drop = "setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice " if os.geteuid() == 0 else ""
    place.write_text(f'#!/bin/sh\nexec {drop}{chromium} "$@"\n')
    place.chmod(0o755)
    return place


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
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        modest = _modest(path, Path(folder, "chromium"))
        browser = playwright.chromium.launch(executable_path=modest, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _building() -> Iterator[None]:
    lock = page.WEB / "build/.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        flock(held, LOCK_EX)
        yield


def build_page() -> None:
    """Build the page again if its sources are newer. Skip without Node, except in CI.

    Only one process at a time does, because a build replaces what another one serves.
    """
    try:
        with _building():
            if not page.is_built():
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
    expect.set_options(timeout=PATIENCE_MS)
    faults = Faults(context)
    try:
        yield context
        assert faults.found == [], faults.found
    finally:
        with suppress(Exception):
            context.close()


def sign_in(context: BrowserContext, key: str) -> Page:
    """Begin a session with a key, as the page does, and return an empty page."""
    response = context.request.post("/api/v1/session", headers={"Authorization": f"Bearer {key}"})
    assert response.status == 201, response.text()
    return context.new_page()


def check_harmless(page: Page, title: str) -> None:
    """Fail if a text that the page shows ran as a script, or changed the page around it."""
    assert page.evaluate("window.hacked === undefined")
    assert page.locator("iframe, object, embed").count() == 0
    assert page.locator("main script, main style").count() == 0
    assert page.title() == title
    check_width(page)


def check_width(page: Page) -> None:
    """Fail if the page has to be scrolled sideways."""
    wider, width = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wider <= width, f"the page is {wider} px wide in a window of {width} px"


def check_accessible(page: Page, within: str | None = None, *, has_contrast: bool = True) -> None:
    """Fail on any violation that axe finds; `within` is a selector.

    Contrast is checked in light and dark mode.
    """
    page.evaluate(_axe())
    rules = {} if has_contrast else {"color-contrast": {"enabled": False}}
    for scheme in SCHEMES if has_contrast else SCHEMES[:1]:
        page.emulate_media(color_scheme=scheme)
        violations = page.evaluate(
            "([within, rules]) =>"
            " axe.run(within ?? document, { rules }).then(({ violations }) => violations)",
            [within, rules],
        )
        found = [f"{each['id']}: {node['html']}" for each in violations for node in each["nodes"]]
        assert found == [], f"{scheme}: {found}"
