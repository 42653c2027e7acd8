"""The playground: new, with a program that has run, and with tests."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene
from tests.support.scenes.programs import ran


def scenes(client: Client) -> list[Scene]:
    found = ran(client)
    return [
        Scene("playground", "/", _opened),
        Scene("playground-ran", f"/?from={found['success'].id}", _run),
        Scene("playground-tests", f"/?from={found['tests'].id}", _run),
    ]


def _opened(page: Page) -> None:
    expect(page.get_by_role("textbox", name="main.py")).to_be_visible()
    page.wait_for_load_state("networkidle")


def _run(page: Page) -> None:
    _opened(page)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Last run:")).to_be_visible()
