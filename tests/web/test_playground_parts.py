"""The playground, part by part."""

import json
import re
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.domain.api_key import Role
from app.domain.report import Frame, Stream
from app.infrastructure.memory.runtime import Script
from tests.support.hostile_texts import CLOSING, LONG, MARKUP, RIGHT_TO_LEFT, short
from tests.support.page import NARROW, check_accessible, check_harmless, check_width
from tests.support.real_api import a_key
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.a_playground import (
    SUBMIT,
    editor,
    opened,
    result,
    run,
    submission,
    submitted,
    tab,
    write,
)
from tests.web.conftest import Visit

pytestmark = pytest.mark.web

TITLE = "Playground · Podline"


@pytest.fixture
def playground(page: Page) -> Page:
    return opened(page)


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the editor, as a file manager does."""
    box = page.get_by_role("region", name="Code").bounding_box()
    assert box is not None
    files = [str(path) for path in paths]
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + 200,
                "y": box["y"] + 200,
                "data": {"items": [], "files": files, "dragOperationsMask": 1},
            },
        )


def test_every_field_is_sent(playground: Page) -> None:
    write(playground, "print(1)")
    playground.get_by_label("Standard input").fill("in")
    playground.get_by_role("button", name="Add argument").click()
    playground.get_by_role("textbox", name="Argument 1").fill("two\nlines")
    playground.get_by_role("button", name="Add variable").click()
    playground.get_by_label("Name of variable 1").fill("K")
    playground.get_by_label("Value of variable 1").fill("v w")
    tab(playground, "Tests")
    playground.get_by_label("Expected output").fill("1\n")
    playground.get_by_label("Compare").select_option("numbers")
    tab(playground, "Settings")
    playground.get_by_label("Memory, MiB").fill("64")
    playground.get_by_label("stdout and stderr").select_option("merged")
    playground.get_by_label("Buffering").select_option("line")
    playground.get_by_role("button", name="Add pattern").click()
    playground.get_by_role("textbox", name="Pattern 1").fill("*.png")
    playground.get_by_text("Other fields", exact=True).click()
    playground.get_by_label("Other fields of the submission").fill('{"labels": {"a": "b"}}')
    playground.get_by_label("Version").select_option("3.11")
    assert run(playground) == {
        "language": "python",
        "version": "3.11",
        "source": "print(1)",
        "stdin": "in",
        "args": ["two\nlines"],
        "env": {"K": "v w"},
        "limits": {"memory_mib": 64},
        "streams": "merged",
        "buffering": "line",
        "expected_output": "1\n",
        "compare": {"numbers": {"absolute": 1e-9, "relative": 1e-9}},
        "artifacts": ["*.png"],
        "labels": {"a": "b"},
    }


def test_output_is_live(playground: Page, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    run(playground)
    worker.run_all()
    frame = Frame(1, Stream.STDOUT, 0, b"so far\n")
    twins.ports.live.append(twins.runtime.created[0], [frame])
    expect(result(playground)).to_contain_text("so far")
    expect(playground.get_by_role("button", name="Cancel")).to_be_visible()


def test_of_many_tests_the_first_the_last_and_those_to_fix_are_shown(playground: Page) -> None:
    tab(playground, "Tests")
    playground.get_by_role("button", name="Paste…").click()
    lines = [f"{number}\t{number}" for number in range(198)]
    playground.get_by_role("textbox", name="Tests").fill("\n".join(lines))
    playground.get_by_role("button", name="Add 198 tests").click()
    playground.get_by_role("button", name="Add test").click()
    expect(playground.get_by_label("Input of test 199")).to_be_focused()
    inputs = playground.get_by_label(re.compile(r"^Input of test \d+$"))
    expect(inputs).to_have_count(51)
    playground.get_by_role("button", name="Show more: 148 are hidden").click()
    expect(inputs).to_have_count(101)
    playground.get_by_label("Points of test 199").fill("-1")
    playground.get_by_role("button", name="Add test").click()
    playground.get_by_role("button", name="Run").click()
    playground.get_by_role("button", name="Test 199, points").click()
    expect(playground.get_by_label("Points of test 199")).to_be_focused()
    expect(inputs).to_have_count(102)


def test_tests_are_a_table_with_their_verdicts(
    playground: Page, twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _: Script(prints=b"3\n")
    tab(playground, "Tests")
    playground.get_by_role("button", name="Add test").click()
    playground.get_by_label("Input of test 1").fill("1 2")
    playground.get_by_label("Expected output of test 1").fill("3")
    playground.get_by_role("button", name="Paste…").click()
    playground.get_by_role("textbox", name="Tests").fill("4 5\t9\n5 5\t10")
    playground.get_by_role("button", name="Add 2 tests").click()
    playground.get_by_role("button", name="Remove test 3").click()
    playground.get_by_label("Name of test 2").fill("other")
    playground.get_by_label("Points of test 2").fill("2.5")
    assert run(playground)["tests"] == [
        {"stdin": "1 2", "expected_output": "3"},
        {"name": "other", "stdin": "4 5", "expected_output": "9", "points": 2.5},
    ]
    worker.run_all()
    table = playground.get_by_role("region", name="Input and settings").get_by_role("table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("Success")
    expect(table.get_by_role("row").nth(2)).to_contain_text("Wrong output")
    playground.get_by_label("Input of test 1").fill("2 2")
    expect(table.get_by_text("Success")).to_have_count(0)  # The verdict was about another test.


def test_a_problem_with_a_test_is_shown_in_its_row(playground: Page) -> None:
    tab(playground, "Tests")
    for number in (1, 2):
        playground.get_by_role("button", name="Add test").click()
        playground.get_by_label(f"Name of test {number}").fill("same")
    tab(playground, "Input")
    playground.get_by_role("button", name="Run").click()
    playground.get_by_role("button", name="Test 2, name").click()
    expect(playground.get_by_label("Name of test 2")).to_be_focused()
    expect(playground.get_by_role("cell", name="is also the name of test 1")).to_be_visible()


def test_files_are_added_renamed_made_main_and_deleted(playground: Page) -> None:
    playground.get_by_role("button", name="New file").click()
    name = playground.get_by_role("textbox", name="Name")
    name.fill("../escape.py")
    expect(name).to_have_accessible_description(re.compile("relative path"))
    expect(playground.get_by_role("dialog").get_by_role("button", name="Rename")).to_be_disabled()
    name.fill("lib/names.py")
    name.press("Enter")
    write(playground, "import main", "lib/names.py")
    playground.get_by_role("button", name="Make main").click()
    sent = run(playground)
    assert sent["entrypoint"] == "lib/names.py"
    playground.get_by_role("tab", name="lib/names.py").press("ArrowLeft")
    expect(playground.get_by_role("tab", name="main.py")).to_be_focused()
    expect(editor(playground)).to_have_text('print("Hello, world!")')
    playground.get_by_role("button", name="Delete").click()
    playground.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(playground.get_by_role("tab", name="main.py")).to_have_count(0)
    expect(editor(playground, "lib/names.py")).to_be_visible()


def test_a_dropped_folder_becomes_files_and_dropped_pairs_become_tests(
    playground: Page, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    (program / "lib").mkdir(parents=True)
    (program / ".git").mkdir()
    (program / "main.py").write_text("import lib.a\r\n")
    (program / "lib/a.py").write_text("print(1)")
    (program / "lib/data.bin").write_bytes(b"\xff\x00")
    (program / ".git/config").write_text("secret")
    for number in (2, 10):
        (tmp_path / f"{number}.in").write_text(str(number))
        (tmp_path / f"{number}.out").write_text(str(number))
    (program / "1.in").write_text("1")
    (program / "1.ans").write_text("1")
    drop(playground, program)
    expect(playground.get_by_text("3 files and 1 test added.")).to_be_visible()
    expect(playground.get_by_role("tab", name="lib/a.py")).to_be_visible()
    drop(playground, *(tmp_path / f"{n}.{end}" for n in (10, 2) for end in ("in", "out")))
    expect(playground.get_by_role("tab", name="Tests 3")).to_have_attribute("aria-selected", "true")
    sent = run(playground)
    assert sent["files"] == [
        {"name": "main.py", "content": "import lib.a\r\n"},
        {"name": "lib/a.py", "content": "print(1)"},
        {"name": "lib/data.bin", "content": "/wA=", "encoding": "base64"},
    ]
    assert sent["tests"] == [
        {"name": "1", "stdin": "1", "expected_output": "1"},
        {"name": "2", "stdin": "2", "expected_output": "2"},
        {"name": "10", "stdin": "10", "expected_output": "10"},
    ]


def test_a_link_brings_the_program_and_asks_before_it_replaces_another(
    playground: Page, visit: Visit
) -> None:
    write(playground, "print('shared')")
    playground.get_by_role("button", name="Share…").click()
    text = playground.get_by_label("Text to copy")
    expect(text).to_have_value(re.compile("#program=1"))
    link = text.input_value()
    other = visit("bob")
    requests: list[str] = []
    other.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
    opened(other, link)
    expect(editor(other)).to_have_text("print('shared')")
    assert "#" not in other.url
    write(other, "print('mine')")
    other.goto(link)
    expect(other.get_by_role("dialog")).to_contain_text("Replace your program?")
    other.get_by_role("button", name="Back").click()
    expect(editor(other)).to_have_text("print('mine')")
    other.goto(link)
    other.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(editor(other)).to_have_text("print('shared')")
    assert not [each for each in requests if each.startswith("POST")], "nothing was run"
    assert not [each for each in requests if "program=" in each], "no server saw it"


def deflated(content: bytes) -> str:
    packed = zlib.compress(content, wbits=-zlib.MAX_WBITS)
    return f"1.{urlsafe_b64encode(packed).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "fragment",
    {
        "damaged": "1.AAAA",
        "empty": "1.",
        "of another format": "2.e30",
        "inflates to 128 MiB": deflated(bytes(1 << 27)),
        "no program": deflated(b'{"language": 1}'),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_bad_link_is_refused(page: Page, fragment: tuple[str, str]) -> None:
    opened(page, f"/#program={fragment[1]}")
    expect(page.get_by_role("status").filter(has_text="link")).to_be_visible()
    expect(editor(page)).to_have_text('print("Hello, world!")')


def test_the_program_of_an_execution_is_opened(page: Page) -> None:
    opened(page)
    write(page, "print('first')")
    page.get_by_label("Standard input").fill("x")
    with page.expect_response(SUBMIT) as response:
        page.get_by_role("button", name="Run").click()
    execution_id = response.value.json()["id"]
    sent = submission(page, execution_id)
    write(page, "print('second')")
    page.goto(f"/?from={execution_id}")
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(editor(page)).to_have_text("print('first')")
    assert page.url.endswith("/")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    assert run(page) == sent


def test_an_execution_of_somebody_else_is_not_found(page: Page, twins: Twins) -> None:
    execution = twins.submit(owner="bob")
    opened(page, f"/?from={execution.id}")
    expect(page.get_by_text("There is no such execution.")).to_be_visible()


def test_a_submission_waits_for_the_service_and_runs_once(playground: Page) -> None:
    keys: list[str | None] = []

    def unavailable(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        body = {"title": "A dependency is unavailable", "status": 503}
        kind = "application/problem+json"
        route.fulfill(status=503, json=body, headers={"Retry-After": "1"}, content_type=kind)

    playground.route(SUBMIT, unavailable)
    playground.get_by_role("button", name="Run").click()
    expect(playground.get_by_text("The program is not lost")).to_be_visible()
    playground.reload()  # The tab remembers what it has not been able to send.
    expect(playground.get_by_text("The program is not lost")).to_be_visible()
    with playground.expect_response(SUBMIT) as response:
        playground.unroute(SUBMIT)
    keys.append(response.value.request.headers.get("idempotency-key"))
    assert response.value.status == 202
    assert len(keys) >= 3
    assert len(set(keys)) == 1
    expect(playground.get_by_text("The program is not lost")).to_have_count(0)


def test_a_session_that_ends_meanwhile_loses_no_submission(page: Page, twins: Twins) -> None:
    opened(page)
    write(page, "print('late')")
    page.context.clear_cookies()
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Key").fill(a_key(twins, Role.USER))
    sent = submitted(page, lambda: page.get_by_role("button", name="Sign in").click())
    assert sent["source"] == "print('late')"


def test_a_submission_that_was_given_up_is_not_sent_later(playground: Page) -> None:
    playground.route(SUBMIT, lambda route: route.abort())
    playground.get_by_role("button", name="Run").click()
    expect(playground.get_by_text("The program is not lost")).to_be_visible()
    playground.keyboard.press("Escape")
    expect(playground.get_by_role("button", name="Run")).to_be_visible()
    opened(playground)
    expect(playground.get_by_role("button", name="Run")).to_be_visible()
    expect(playground.get_by_text("The program is not lost")).to_have_count(0)


def test_hostile_names_are_only_text(playground: Page) -> None:
    names = [short(text).replace("/", "∕") for text in (MARKUP, CLOSING, RIGHT_TO_LEFT, LONG)]
    files = [{"name": name, "content": CLOSING} for name in names]
    body = {
        "language": MARKUP + LONG,
        "files": files,
        "entrypoint": names[0],
        "env": {MARKUP: CLOSING},
    }
    tests = [{"name": MARKUP, "stdin": CLOSING, MARKUP: MARKUP}]
    kept = {"format": 1, "submission": body | {"tests": tests}, "open": names[0]}
    playground.goto("/executions")
    playground.evaluate(
        "kept => sessionStorage.setItem('podline.playground.ada', kept)", json.dumps(kept)
    )
    playground.goto("/")
    expect(playground.get_by_role("tab", name=names[0])).to_be_visible()
    expect(playground.get_by_role("tab", name="invoice\\u202egpj.exe")).to_be_visible()
    for panel in ("Tests", "Settings", "Input"):
        tab(playground, panel)
        check_harmless(playground, TITLE)
    playground.get_by_role("button", name="Run").click()
    expect(playground.get_by_text("is not available here").first).to_be_visible()
    check_harmless(playground, TITLE)


def test_bad_local_data_is_no_obstacle(page: Page) -> None:
    page.goto("/executions")
    page.evaluate(
        "localStorage.setItem('podline.playground.ada', '{\"format\": 1, \"submission\"')"
    )
    opened(page)
    expect(editor(page)).to_have_text('print("Hello, world!")')


def test_everything_works_from_the_keyboard(playground: Page) -> None:
    editor(playground).focus()
    playground.keyboard.press("Control+End")
    playground.keyboard.type("print(2)")
    playground.keyboard.press("Tab")
    expect(editor(playground)).to_be_focused()  # Tab indents,
    playground.keyboard.press("Escape")
    playground.keyboard.press("Tab")
    expect(editor(playground)).not_to_be_focused()  # unless Escape comes first.
    playground.get_by_role("tab", name="Input").focus()
    playground.keyboard.press("ArrowRight")
    expect(playground.get_by_role("tab", name="Tests")).to_be_focused()
    playground.keyboard.press("Tab")
    playground.keyboard.press("Enter")
    expect(playground.get_by_label("Input of test 1")).to_be_visible()
    sent = submitted(playground, lambda: playground.keyboard.press("Control+Enter"))
    assert sent["source"] == 'print("Hello, world!")\n    print(2)'


def test_languages_and_examples_change_what_nobody_has_written(playground: Page) -> None:
    playground.get_by_label("Example").select_option("tests")
    expect(playground.get_by_role("tab", name="Tests 3")).to_be_visible()
    playground.get_by_label("Language").select_option("c")
    expect(editor(playground, "main.c")).to_contain_text("scanf")
    write(playground, "int main;", "main.c")
    playground.get_by_label("Language").select_option("cpp")
    expect(editor(playground, "main.cpp")).to_have_text("int main;")
    playground.get_by_label("Example").select_option("hello")
    expect(playground.get_by_role("dialog")).to_contain_text("Replace your program?")
    playground.keyboard.press("Escape")
    expect(editor(playground, "main.cpp")).to_have_text("int main;")


def test_a_narrow_window_has_one_part_at_a_time(visit: Visit, twins: Twins, worker: Worker) -> None:
    page = opened(visit(viewport=NARROW))
    twins.runtime.script = lambda _: Script(prints=b"narrow\n")
    check_width(page)
    page.get_by_role("button", name="Input", exact=True).click()
    expect(editor(page)).to_be_hidden()
    for panel in ("Tests", "Settings", "Input"):
        tab(page, panel)
        check_width(page)
    run(page)
    expect(page.get_by_role("button", name="Result")).to_have_attribute("aria-pressed", "true")
    worker.run_all()
    expect(result(page)).to_contain_text("narrow")
    check_width(page)
    check_accessible(page)


def test_axe_finds_nothing(playground: Page, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(prints=b"3\n")
    playground.get_by_label("Example").select_option("tests")
    run(playground)
    worker.run_all()
    expect(result(playground)).to_contain_text("Wrong output")
    for panel in ("Input", "Settings", "Tests"):
        tab(playground, panel)
        check_accessible(playground)
    playground.get_by_role("button", name="Share…").click()
    tab(playground, "curl")
    expect(playground.get_by_label("Text to copy")).to_be_visible()
    check_accessible(playground)


def test_without_the_editor_there_is_a_text_area(page: Page) -> None:
    page.route("**/assets/mount-*", lambda route: route.abort())
    page.goto("/")
    text = page.get_by_role("textbox", name="main.py")
    text.fill("print(3)")
    assert run(page)["source"] == "print(3)"


def test_each_tab_keeps_its_own_program(playground: Page) -> None:
    write(playground, "first = 1")
    playground.reload()
    expect(editor(playground)).to_have_text("first = 1")
    other = opened(playground.context.new_page())
    expect(editor(other)).to_have_text("first = 1")
    write(other, "second = 2")
    other.reload()
    expect(editor(other)).to_have_text("second = 2")
    playground.reload()
    expect(editor(playground)).to_have_text("first = 1")
