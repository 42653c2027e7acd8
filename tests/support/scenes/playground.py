"""The playground: a program that is running, its tests, and what was refused."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene
from tests.support.scenes.programs import ran

PRIMES = """\
import time

def primes(most):
    sieve = [True] * (most + 1)
    for n in range(2, most + 1):
        if sieve[n]:
            yield n
            sieve[n * n :: n] = [False] * len(sieve[n * n :: n])

for count, prime in enumerate(primes(400), 1):
    print(f"{count:3}: \\x1b[32m{prime}\\x1b[0m")
    time.sleep(0.2)
"""


def scenes(client: Client) -> list[Scene]:
    found = ran(client)
    return [
        Scene("playground", "/", _running),
        Scene("playground-ran", f"/?from={found['success'].id}", _ran),
        Scene("playground-files", f"/?from={found['folders'].id}", _opened),
        Scene("playground-tests", "/", _tested),
        Scene("playground-settings", "/", _refused),
        Scene("playground-share", "/", _shared),
    ]


def _running(page: Page) -> None:
    _write(page, PRIMES)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("12: 37")).to_be_visible()


def _ran(page: Page) -> None:
    _opened(page)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Last run:")).to_be_visible()


def _tested(page: Page) -> None:
    _opened(page)
    page.get_by_label("Example").select_option("tests")
    _write(page, "a, b = map(int, input().split())\nprint(abs(a) + b)\n")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Last run")).to_be_visible()
    _panel(page, "Tests")


def _refused(page: Page) -> None:
    _opened(page)
    _panel(page, "Settings")
    page.get_by_label("Wall time, s").fill("100")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Wall time").click()


def _shared(page: Page) -> None:
    _write(page, PRIMES)
    page.get_by_role("button", name="Share…").click()
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_label("Text to copy")).to_be_visible()


def _opened(page: Page) -> None:
    expect(page.get_by_role("textbox", name="main.py")).to_be_visible()


def _write(page: Page, text: str) -> None:
    _opened(page)
    page.get_by_role("textbox", name="main.py").press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def _panel(page: Page, name: str) -> None:
    """In a narrow window, the panels are behind a button."""
    narrow = page.get_by_role("button", name="Input", exact=True)
    if narrow.is_visible():
        narrow.click()
    page.get_by_role("tab", name=name).click()
