"""Keys, created and deleted in the page, and who sees what of each other."""

import pytest
from playwright.sync_api import Page, expect

from app.domain.api_key import Role
from app.service import keys
from tests.support.page import sign_in
from tests.support.twins import Twins
from tests.web.conftest import Visit

pytestmark = pytest.mark.web


def create(page: Page, name: str) -> str:
    """Create a key in the page, and return what it shows once."""
    page.goto("/keys")
    page.get_by_role("button", name="Create a key…").click()
    dialog = page.get_by_role("dialog", name="Create a key")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Requests").fill("100/m")
    dialog.get_by_role("button", name="Create").click()
    shown = page.get_by_role("region", name=f"The new key of {name}")
    return shown.locator("code").first.inner_text()


def test_a_key_works_until_it_is_deleted_and_so_does_its_session(
    visit: Visit, twins: Twins
) -> None:
    page = visit("root", Role.ADMIN)
    key = create(page, "bob")
    assert key.startswith("pdl_")
    (stored,) = [each for each in twins.store.keys.all() if each.name == "bob"]
    assert (stored.role, stored.requests, stored.door) == (Role.USER, "100/m", None)

    bob = visit_with(visit, key)
    bob.goto("/usage")
    expect(bob.get_by_role("heading", name="Usage")).to_be_visible()

    page.get_by_role("row", name="bob user").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete the key of bob")
    expect(dialog.get_by_text("its sessions end")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row", name="bob user")).to_have_count(0)

    bob.get_by_role("button", name="Show").click()
    bob.reload()
    expect(bob.get_by_role("heading", name="Sign in to Podline")).to_be_visible()


def visit_with(visit: Visit, key: str) -> Page:
    """Another window, signed in with a key that a page has shown."""
    other = visit("nobody").context
    other.clear_cookies()
    return sign_in(other, key)


def test_a_secret_is_only_in_the_page_that_created_it(visit: Visit) -> None:
    context = visit("root", Role.ADMIN).context
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    page = context.pages[0]
    key = create(page, "bob")
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href, history.state])"
    )
    assert key not in kept
    assert key not in "".join(said)
    page.get_by_role("button", name="Close").click()
    assert key not in page.content()
    create(page, "carol")
    page.reload()
    expect(page.get_by_role("row", name="carol user")).to_be_visible()
    assert "pdl_" not in page.content()


def test_what_is_wrong_is_said_at_its_field(admin_page: Page) -> None:
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Create a key…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("two words")
    dialog.get_by_label("Requests").fill("often")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_text("must be a number of requests per s, m, h or d")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_key_of_a_door_is_for_users(admin_page: Page, twins: Twins) -> None:
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Create a key…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("pat")
    dialog.get_by_label("Role").select_option("operator")
    dialog.get_by_label("Opens").select_option("piston")
    dialog.get_by_label("CPU seconds per day").fill("1.5")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("needs the role user")).to_be_visible()
    dialog.get_by_label("Role").select_option("user")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row", name="only the door piston")).to_be_visible()
    (stored,) = [each for each in twins.store.keys.all() if each.name == "pat"]
    assert (stored.door, stored.cpu_day) == ("piston", 1.5)


def test_limits_of_a_key_are_changed(admin_page: Page, twins: Twins) -> None:
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Limits… of root").click()
    dialog = page.get_by_role("dialog", name="Limits of root")
    dialog.get_by_label("Requests").fill("often")
    dialog.get_by_label("CPU seconds per day").fill("60")
    dialog.get_by_role("button", name="Change").click()
    expect(dialog.get_by_text("must be a number of requests per s, m, h or d")).to_be_visible()
    dialog.get_by_label("Requests").fill("1000/h")
    dialog.get_by_role("button", name="Change").click()
    expect(page.get_by_text("The limits of root were changed.")).to_be_visible()
    expect(page.get_by_role("row", name="root")).to_contain_text("1000/h")
    page.get_by_role("button", name="Limits… of root").click()
    expect(dialog.get_by_label("CPU seconds per day")).to_have_value("60")
    dialog.get_by_label("CPU seconds per day").fill("")
    dialog.get_by_role("button", name="Change").click()
    expect(dialog).to_have_count(0)
    (stored,) = twins.store.keys.all()
    assert (stored.requests, stored.cpu_day) == ("1000/h", None)


def test_a_callback_secret_is_rotated(admin_page: Page) -> None:
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Rotate secret… of root").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    shown = page.get_by_role("region", name="The new callback secret of root")
    expect(shown.get_by_text("The previous secret signs too until")).to_be_visible()


def test_one_can_not_delete_itself(admin_page: Page) -> None:
    page = admin_page
    page.goto("/keys")
    page.get_by_role("button", name="Delete… root").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_text("a key can't delete itself")).to_be_visible()


def test_keys_are_not_for_operators(operator_page: Page) -> None:
    operator_page.goto("/keys")
    expect(operator_page.get_by_text("Keys needs the role admin")).to_be_visible()


def test_a_thousand_keys_are_shown_bit_by_bit(visit: Visit, twins: Twins) -> None:
    for number in range(999):
        keys.create(twins.ports.store.keys, twins.ports.clock, f"owner {number}", Role.USER)
    page = visit("root", Role.ADMIN)
    page.goto("/keys")
    rows = page.get_by_role("table", name="Keys").locator("tbody tr")
    expect(rows).to_have_count(250)
    page.get_by_role("button", name="Show more: 750 are left").click()
    expect(rows).to_have_count(500)
