"""What all pages for operators and admins have in common."""

from dataclasses import replace
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterKind
from app.domain.execution import State
from app.domain.filters import EventFilter
from app.domain.problems import Problems
from app.domain.replay import ReplayMode
from app.domain.worker import RunningStep, WorkerReport
from app.service.relay import relay
from app.service.replay import control
from app.service.usage import fold
from tests.support.builders import a_dead_letter, accepted
from tests.support.hostile_texts import HARMLESS_LINES, TERMINAL
from tests.support.operating import an_hour_of_work
from tests.support.page import NARROW, check_accessible, check_harmless, check_width
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.conftest import Visit

pytestmark = pytest.mark.web

TITLES: Final = {
    "/overview": "Overview",
    "/dead-letters": "Dead letters",
    "/dead-letters/hostile": "Dead letter",
    "/replays": "Replays",
    "/events": "Events",
    "/usage?owner=*": "Usage",
    "/workers": "Workers",
    "/keys": "Keys",
}
HOSTILE: Final = "\n".join((*HARMLESS_LINES, *TERMINAL))


def work(twins: Twins, worker: Worker) -> None:
    an_hour_of_work(twins)
    worker.run_all()
    relay(twins.ports)
    fold(twins.store.usage)
    twins.store.dead_letters.put(
        a_dead_letter(id="hostile", kind=DeadLetterKind.POISON, payload="AAECGw==")
    )


def test_have_no_violations_of_accessibility_rules(
    admin_page: Page, twins: Twins, worker: Worker
) -> None:
    work(twins, worker)
    for path, title in TITLES.items():
        admin_page.goto(path)
        expect(admin_page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(admin_page.get_by_text("Loading")).to_have_count(0)
        check_accessible(admin_page)


def test_dialogs_and_forms_have_none_either(admin_page: Page, twins: Twins) -> None:
    twins.store.dead_letters.put(a_dead_letter())
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Create a key…").click()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete… root").click()
    check_accessible(page)
    page.goto("/dead-letters")
    page.get_by_role("button", name="Discard all…").click()
    expect(page.get_by_text("1 match now")).to_be_visible()
    check_accessible(page)
    page.goto("/replays")
    page.get_by_text("New replay").click()
    check_accessible(page)


def test_fit_a_phone(visit: Visit, twins: Twins, worker: Worker) -> None:
    work(twins, worker)
    page = visit("root", Role.ADMIN, viewport=NARROW)
    for path, title in TITLES.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)
        check_width(page)
    page.get_by_role("button", name="Create a key…").click()
    check_width(page)


@pytest.mark.parametrize("viewport", [NARROW, {"width": 1280, "height": 800}], ids=["360", "1280"])
def test_show_hostile_texts_as_texts(visit: Visit, twins: Twins, viewport: dict[str, int]) -> None:
    """Errors, labels, names of workers and steps, targets, and messages of events."""
    hostile_service(twins)
    page = visit("root", Role.ADMIN, viewport=viewport)
    for path, title in TITLES.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)
        for summary in page.locator("main summary").all()[:3]:
            summary.click()
        check_harmless(page, f"{title} · Podline")
    page.goto("/dead-letters/hostile")
    error = page.get_by_role("region", name="Error")
    expect(error).to_contain_text("<script>window.hacked=1</script>")


def hostile_service(twins: Twins) -> None:
    twins.store.dead_letters.put(
        replace(a_dead_letter(id="hostile", error=HOSTILE), traceback=HOSTILE, origin=HOSTILE)
    )
    execution, _, event = accepted()
    data = {**event.data, "message": HOSTILE, "labels": {HOSTILE: HOSTILE}, "owner": HOSTILE}
    twins.event_log.append([replace(event, data=data)])
    assert execution.state is State.QUEUED
    step = RunningStep(task=HOSTILE, subject_id=HOSTILE, started_at=twins.clock())
    twins.ports.worker_reports.put(
        WorkerReport(
            name=HOSTILE,
            kind="worker",
            roles=(HOSTILE,),
            version=HOSTILE,
            seen_at=twins.clock(),
            steps=(step,),
        )
    )


def test_a_user_sees_pages_of_users_only(page: Page) -> None:
    page.goto("/usage")
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    shown = links.all_inner_texts()
    assert set(shown).isdisjoint(
        {"Overview", "Dead letters", "Replays", "Events", "Workers", "Keys"}
    )
    expect(page.get_by_label("Owner")).to_have_count(0)
    for path in (path for path in TITLES if not path.startswith("/usage")):
        page.goto(path)
        expect(page.get_by_text("needs the role")).to_be_visible()
    page.goto("/usage?owner=*")
    expect(page.get_by_role("alert")).to_contain_text("needs a key with the role operator")


def test_a_user_sees_only_their_own_usage(visit: Visit, twins: Twins, worker: Worker) -> None:
    for owner in ("ada", "bob", "bob"):
        twins.submit(owner=owner)
    worker.run_all()
    fold(twins.store.usage)
    page = visit("ada")
    page.goto("/usage?from=2026-01-01&to=2026-01-03")
    expect(page.get_by_role("row", name="2026-01-02 1 1 ms 0 B")).to_be_visible()
    expect(page.get_by_text("bob")).to_have_count(0)


def test_events_are_searched_by_time_type_and_execution(
    operator_page: Page, twins: Twins, worker: Worker
) -> None:
    first, second = twins.submit().id, twins.submit(owner="bob").id
    worker.run_all()
    relay(twins.ports)
    page = operator_page
    page.goto("/events")
    rows = page.get_by_role("table", name="Events").get_by_role("row")
    expect(rows).to_have_count(12)  # with the record of the sign-in
    page.get_by_label("Type").select_option("Audit")
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(2)
    expect(page.get_by_text("POST /api/v1/session", exact=True)).to_be_visible()
    page.get_by_label("Type").select_option("Completed")
    page.get_by_label("Execution").fill(second)
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("link", name=second)).to_have_attribute("href", f"/executions/{second}")
    page.get_by_text("Show", exact=True).click()
    expect(page.get_by_text('"state": "completed"')).to_be_visible()
    page.reload()  # The search is in the address.
    expect(rows).to_have_count(2)
    page.get_by_label("Until").fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No event matches")).to_be_visible()
    assert first not in page.content()


def test_a_replay_shows_a_hostile_target_as_text(operator_page: Page, twins: Twins) -> None:
    replay = control.start(
        twins.ports,
        ReplayMode.REEMIT,
        EventFilter(),
        "again",
        dry_run=True,
        requested_by="otto",
        problems=Problems(),
    )
    hostile = replace(replay, version=2, target=HOSTILE, error=HOSTILE, requested_by=HOSTILE)
    assert twins.store.replays.update(replay, hostile)
    operator_page.goto(f"/replays/{replay.id}")
    expect(operator_page.get_by_role("definition").first).to_be_visible()
    check_harmless(operator_page, "Replay · Podline")
