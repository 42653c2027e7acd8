"""The pages for operators and admins, after some programs have run."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene

PROGRAMS = (
    *("print(1)",) * 12,
    *("raise SystemExit(1)",) * 3,
    *("print(1",) * 2,
    "x = 'x' * 10**9 * 2",
)


def scenes(client: Client) -> list[Scene]:
    executions = [client.submit(program, language="python") for program in PROGRAMS]
    for execution in executions:
        client.wait(execution.id)
    client.keys.create("quiz-site", requests="100/m", cpu_day=3600)
    client.keys.create("notebooks", door="piston")
    replay = client.replays.start("resubmit", executions=[executions[0].id], dry_run=True)
    return [
        Scene("overview", "/overview", _charts),
        Scene("dead-letters", "/dead-letters", _shown),
        Scene("dead-letter", "/dead-letters", _letter),
        Scene("dead-letters-none", "/dead-letters?status=resolved", _shown),
        Scene("replays", "/replays", _form),
        Scene("replay", f"/replays/{replay.id}", _shown),
        Scene("events", "/events", _shown),
        Scene("usage", "/usage?owner=*", _shown),
        Scene("workers", "/workers", _shown),
        Scene("keys", "/keys", _shown),
        Scene("key-created", "/keys", _created),
        Scene("new-key", "/keys", _new_key),
    ]


def _shown(page: Page) -> None:
    expect(page.get_by_text("…", exact=False).and_(page.get_by_role("status"))).to_have_count(0)


def _charts(page: Page) -> None:
    expect(page.locator("canvas")).to_have_count(4)


def _form(page: Page) -> None:
    page.get_by_text("New replay").click()
    expect(page.get_by_role("table", name="Replays")).to_be_visible()


def _new_key(page: Page) -> None:
    page.get_by_role("button", name="Create a key…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _letter(page: Page) -> None:
    page.get_by_role("link", name="Exhausted").first.click()
    expect(page.get_by_role("region", name="Traceback")).to_be_visible()


def _created(page: Page) -> None:
    _new_key(page)
    page.get_by_label("Name").fill("grader")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
