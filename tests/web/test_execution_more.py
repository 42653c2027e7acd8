"""The page of one execution, beyond its main path."""

import re
import struct
import zlib

import pytest
from playwright.sync_api import Page, expect

import podline
from app.domain.api_key import Role
from app.domain.compare.kinds import LINES
from app.domain.report import Report, StageOutput, StageReport, Stream
from app.domain.submission import ExpectedOutput
from app.infrastructure.memory.runtime import Script, exited
from tests.support.hostile_texts import HARMLESS_LINES, OUTPUT, short
from tests.support.page import NARROW, check_accessible, check_harmless
from tests.support.real_api import a_client
from tests.support.twins import Twins
from tests.support.worker import Worker
from tests.web.a_program import AProgram
from tests.web.conftest import Visit

pytestmark = pytest.mark.web

AT_REST = """element => new Promise((resolve) => {
    let last = null;
    const look = () => {
        if (element.scrollTop === last) resolve(last);
        last = element.scrollTop;
        setTimeout(look, 250);
    };
    look();
})"""
"""Where it is scrolled to, once it moves no more."""
CONNECTIONS = 6
"""That a browser has to one server, for all tabs together, over HTTP/1.1."""


def a_png() -> bytes:
    """The smallest picture: one red point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def ran(exit_code: int | None) -> StageReport:
    """A run of a test; without an exit code, it crashed."""
    signal = "SIGSEGV" if exit_code is None else None
    return StageReport(
        exit_code=exit_code, signal=signal, wall_us=1_000, cpu_us=1_000, memory_peak_kib=1_024
    )


def finished(twins: Twins, worker: Worker, script: Script, **submission: object) -> str:
    """The id of an execution that has ended."""
    twins.runtime.script = lambda _pod: script
    id = twins.submit(**submission).id  # type: ignore[arg-type]  # fields of a submission
    worker.run_all()
    return id


def hide(page: Page, is_hidden: bool) -> None:
    """As if its tab were in the background, where a headless browser has none."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


class TestHiddenTabs:
    def test_a_hidden_one_has_no_connection_and_continues_where_it_was(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        program = AProgram(twins, worker)
        program.start()
        program.print(b"one\n")
        page.goto(f"/executions/{program.id}")
        output = page.get_by_role("region", name="Output: text")
        expect(output.get_by_text("one")).to_be_visible()
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/stream")):
            hide(page, True)
        expect(page.get_by_text("Reconnecting")).to_have_count(0)
        program.print(b"two\n")
        program.end()
        with page.expect_request("**/stream") as request:
            hide(page, False)
        assert request.value.headers["last-event-id"]
        expect(page.get_by_text("The program ended with exit code 0.")).to_be_visible()
        expect(output.locator(".output-text")).to_have_text(["one", "two"])

    def test_those_hidden_leave_a_connection_to_the_next(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        program = AProgram(twins, worker)
        program.start()
        program.print(b"one\n")
        tabs = [page, *(page.context.new_page() for _ in range(CONNECTIONS))]
        for tab in tabs:
            tab.goto(f"/executions/{program.id}")
            expect(tab.get_by_text("one")).to_be_visible()
            hide(tab, True)


class TestActions:
    def test_cancel(self, page: Page, twins: Twins, worker: Worker) -> None:
        program = AProgram(twins, worker)
        program.start()
        page.goto(f"/executions/{program.id}")
        program.print(b"so far\n")
        expect(page.get_by_text("so far")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("It was cancelled, so there is no result.")).to_be_visible()
        expect(page.get_by_text("so far")).to_be_visible()
        expect(page.get_by_text("The output of cancelled executions is not kept.")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)

    def test_retry_and_delete(self, page: Page, twins: Twins, worker: Worker) -> None:
        id = finished(twins, worker, Script(prints=b"hello\n"))
        page.goto(f"/executions/{id}")
        expect(page.get_by_role("link", name="Edit and run again")).to_have_attribute(
            "href", f"/?from={id}"
        )
        page.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("link", name=id)).to_be_visible()
        worker.run_all()
        page.get_by_role("link", name=id).click()
        expect(page.get_by_text("Retried as")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page).to_have_url(re.compile("/executions$"))
        page.goto(f"/executions/{id}")
        expect(page.get_by_role("alert")).to_contain_text(f"there is no execution {id}")


class TestOutput:
    def test_search_and_links_to_lines(self, page: Page, twins: Twins, worker: Worker) -> None:
        lines = b"".join(b"line %d of many\n" % number for number in range(1, 5_001))
        id = finished(twins, worker, Script(prints=lines))
        page.goto(f"/executions/{id}#stdout-L4000-L4002")
        output = page.get_by_role("region", name="Output: text")
        expect(output.get_by_text("line 4000 of many")).to_be_visible()
        expect(output.locator(".is-chosen")).to_have_count(3)
        search = page.get_by_label("Search the output")
        search.fill("LINE 77")
        expect(page.locator(".output-found")).to_have_text("11")
        search.press("Enter")
        expect(output.get_by_text("line 77 of many")).to_be_visible()
        page.get_by_role("button", name="Next match").click()
        expect(output.locator(".output-current")).to_be_in_viewport()
        expect(page.get_by_text("2 of 11")).to_be_visible()
        page.get_by_role("button", name="Previous match").click()
        expect(page.get_by_text("1 of 11")).to_be_visible()
        output.get_by_role("link", name="Line 78 of stdout").click()
        expect(page).to_have_url(re.compile("#stdout-L78$"))
        output.get_by_role("link", name="Line 80 of stdout").click(modifiers=["Shift"])
        expect(page).to_have_url(re.compile("#stdout-L78-L80$"))
        page.get_by_label(re.compile("Link to a line")).fill("5000")
        page.keyboard.press("Enter")
        expect(output.get_by_text("line 5000 of many")).to_be_visible()

    def test_follows_until_somebody_scrolls_up(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        program = AProgram(twins, worker)
        program.start()
        page.goto(f"/executions/{program.id}")
        program.print(b"".join(b"%d\n" % number for number in range(1, 1_001)))
        output = page.get_by_role("region", name="Output: text")
        expect(output.get_by_text("1000", exact=True).last).to_be_in_viewport()
        output.hover()
        page.mouse.wheel(0, -2_000)
        expect(page.get_by_role("button", name="Follow")).to_be_visible()
        top = output.evaluate(AT_REST)
        program.print(b"the last line\n")
        expect(page.get_by_label("Link to a line of stdout, 1 to 1,001")).to_be_visible()
        assert output.evaluate("element => element.scrollTop") == top
        page.get_by_role("button", name="Follow").click()
        expect(output.get_by_text("the last line")).to_be_in_viewport()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()

    def test_streams_apart_and_as_they_came(self, page: Page, twins: Twins, worker: Worker) -> None:
        program = AProgram(twins, worker)
        program.start()
        page.goto(f"/executions/{program.id}")
        rows = page.locator(".output-row")
        for number, (text, stream) in enumerate(
            [(b"one\n", Stream.STDOUT), (b"two\n", Stream.STDERR), (b"three\n", Stream.STDOUT)]
        ):
            program.print(text, stream)
            expect(rows).to_have_count(number + 1)
        expect(rows.nth(1)).to_contain_text("two")
        page.get_by_role("button", name="stderr", exact=True).first.click()
        expect(rows).to_have_count(1)
        page.get_by_role("button", name="stdout", exact=True).first.click()
        expect(rows).to_have_count(2)
        program.end()
        with page.expect_download() as download:
            page.get_by_role("group", name="Download").get_by_role("link", name="stdout").click()
        assert download.value.path().read_bytes() == b"one\nthree\n"

    def test_a_link_to_a_line_stays_true_when_the_order_of_streams_is_forgotten(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        program = AProgram(twins, worker)
        program.start()
        page.goto(f"/executions/{program.id}")
        chosen = page.locator(".output-row.is-chosen .output-text")
        rows = page.locator(".output-row")
        printed = [(b"a\n", Stream.STDERR), (b"b\n", Stream.STDOUT), (b"c\n", Stream.STDERR)]
        for number, (text, stream) in enumerate(printed, 1):
            program.print(text, stream)
            expect(rows).to_have_count(number)
        page.get_by_role("link", name="Line 1 of stdout").click()
        expect(chosen).to_have_text("b")
        expect(page).to_have_url(re.compile("#stdout-L1$"))
        page.get_by_role("link", name="Line 2 of stderr").click()
        expect(chosen).to_have_text("c")
        program.end()
        page.reload()
        expect(rows.first).to_contain_text("b")
        expect(chosen).to_have_text("c")
        page.get_by_role("button", name="stderr", exact=True).click()
        page.get_by_role("link", name="Line 1 of stderr").click()
        expect(page).to_have_url(re.compile(r"\?output=stderr#stderr-L1$"))
        page.reload()
        expect(chosen).to_have_text("a")

    def test_lines_are_wrapped_or_not(self, page: Page, twins: Twins, worker: Worker) -> None:
        script = Script(prints=b"x" * 900 + "\u6f22".encode() * 90)
        page.goto(f"/executions/{finished(twins, worker, script)}")
        output = page.get_by_role("region", name="Output: text")
        expect(output.locator(".output-row").nth(5)).to_be_visible()
        assert output.evaluate("element => element.scrollWidth <= element.clientWidth")
        page.get_by_label("Wrap lines").uncheck()
        expect(output.locator(".output-row")).to_have_count(2)
        assert output.evaluate("element => element.scrollWidth > element.clientWidth")

    def test_a_connection_that_went_silent_is_made_again(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        page.clock.install()
        program = AProgram(twins, worker)
        program.start()
        with page.expect_request("**/stream"):
            page.goto(f"/executions/{program.id}")
        program.print(b"before\n")
        expect(page.get_by_text("before")).to_be_visible()
        with page.expect_request("**/stream") as again:
            page.clock.fast_forward(41_000)
        assert again.value.headers["last-event-id"]
        program.print(b"after\n")
        expect(page.locator(".output-text")).to_have_text(["before", "after"])

    def test_another_attempt_starts_from_the_beginning(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        program = AProgram(twins, worker)
        program.start()
        page.goto(f"/executions/{program.id}")
        program.print(b"the first attempt\n")
        expect(page.get_by_text("the first attempt")).to_be_visible()
        program.lose("the node was lost")
        expect(page.get_by_text("It waits for another attempt.")).to_be_visible()
        twins.clock.advance(60)
        program.go_on()
        expect(page.get_by_text("The program is running (attempt 2).")).to_be_visible()
        expect(page.get_by_text("the first attempt")).to_have_count(0)
        timeline = page.get_by_role("table", name="How long each phase of each attempt took")
        expect(timeline.get_by_role("row").nth(1)).to_contain_text("Lost: ")
        expect(timeline.get_by_role("row")).to_have_count(3)


class TestResult:
    def test_what_differs_from_what_was_expected(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        id = finished(
            twins,
            worker,
            Script(prints=b"sum  5\n"),
            expected_output=ExpectedOutput.of(b"sum 4\n", LINES),
        )
        page.goto(f"/executions/{id}")
        rows = page.locator(".difference-rows tbody tr")
        expect(rows.nth(0)).to_contain_text("Expected: sum·4⏎")
        expect(rows.nth(1)).to_contain_text("Printed: sum··5⏎")
        page.get_by_label("Show white space").uncheck()
        expect(rows.nth(1)).to_contain_text("sum  5")

    def test_tests_in_a_table(self, page: Page, twins: Twins, worker: Worker, url: str) -> None:
        script = Script(
            outputs=(
                StageOutput(stdout=b"3\n", stderr=b""),
                StageOutput(stdout=b"3 \n4\n", stderr=b"careful\n"),
            ),
            ends=Report(compile=None, runs=(ran(0), ran(0), ran(None))),
        )
        twins.runtime.script = lambda _pod: script
        tests: list[podline.Test] = [
            {"name": "right", "expected_output": "3\n"},
            {"name": "wrong"},
            {"name": "<b>crash</b>"},
        ]
        with a_client(twins, url, Role.USER) as client:
            execution = client.submit(
                "x", language="python", expected_output="3\n", compare="exact", tests=tests
            )
        worker.run_all()
        page.goto(f"/executions/{execution.id}")
        expect(page.get_by_text("2 of 3 tests did not succeed.")).to_be_visible()
        expect(page.get_by_role("heading", name="Tests: 1 of 3 points")).to_be_visible()
        rows = page.locator(".execution-tests > tbody > tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(2)).to_contain_text("Runtime error")
        page.get_by_role("button", name="wrong").click()
        expect(page.locator(".difference-rows tbody tr")).to_have_count(3)
        expect(page.get_by_text("Printed: 4⏎")).to_be_visible()
        expect(page.get_by_text("careful")).to_be_visible()
        page.get_by_role("button", name="<b>crash</b>").click()
        expect(page.get_by_text("ended by SIGSEGV: it accessed memory")).to_be_visible()
        check_accessible(page)

    def test_pictures_are_shown_and_nothing_else(
        self, page: Page, twins: Twins, worker: Worker
    ) -> None:
        svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1'/>"
        files = {"a.png": a_png(), "b.svg": svg, "c.html": b"<script>hacked=1</script>"}
        script = Script(creates={**files, "d.png": svg})
        id = finished(twins, worker, script, artifacts=("*",))
        page.goto(f"/executions/{id}")
        picture = page.get_by_role("img", name="Artifact a.png")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
        expect(page.get_by_text("The picture can't be shown")).to_have_count(1)
        expect(page.locator("main img")).to_have_count(1)
        with page.expect_download() as download:
            page.get_by_role("link", name="c.html").click()
        assert download.value.suggested_filename == "c.html"
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("Download all")).click()
        assert download.value.suggested_filename == f"{id}.zip"
        check_harmless(page, "Execution · Podline")

    def test_compiler_messages(self, page: Page, twins: Twins, worker: Worker) -> None:
        failed = StageReport(
            exit_code=1, signal=None, wall_us=80_000, cpu_us=1, memory_peak_kib=1_024
        )
        script = Script(
            compile_output=StageOutput(stdout=b"", stderr=b"\x1b[1mmain.c:1: error\x1b[m: oh\n"),
            ends=Report(compile=failed, runs=()),
        )
        page.goto(
            f"/executions/{finished(twins, worker, script, language='c', language_version='12.2')}"
        )
        messages = page.get_by_role("region", name="Compiler messages: text")
        expect(messages).to_contain_text("main.c:1: error: oh")
        expect(page.get_by_text("The program did not compile.")).to_be_visible()

    def test_inputs(self, page: Page, twins: Twins, worker: Worker) -> None:
        id = finished(
            twins, worker, Script(), stdin=b"the input", args=("--an-argument",), env={"KEY": "v"}
        )
        page.goto(f"/executions/{id}")
        page.get_by_text("Inputs").click()
        for text in ("the input", "--an-argument", "KEY=v", "wall_seconds"):
            expect(page.get_by_text(text)).to_be_visible()


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_is_accessible_and_harmless_at_any_width(
    visit: Visit, twins: Twins, worker: Worker, size: str
) -> None:
    page = visit("ada", Role.USER, **({"viewport": NARROW} if size == "narrow" else {}))
    names = [short(line.replace("/", "|").replace("\\", "|"), 50) for line in HARMLESS_LINES]
    script = Script(
        prints=OUTPUT.encode(),
        prints_errors=OUTPUT.encode(),
        ends=exited(3),
        creates={f"{name}.txt": b"x" for name in names},
    )
    labels = {short(line.replace(":", "")): short(line) for line in HARMLESS_LINES}
    id = finished(twins, worker, script, labels=labels, artifacts=("*",), stdin=OUTPUT.encode())
    page.goto(f"/executions/{id}")
    output = page.get_by_role("region", name="Output: text")
    expect(output).to_contain_text("<img src=x")
    page.get_by_text("Inputs").click()
    stdin = page.get_by_role("region", name="stdin")
    expect(stdin).to_contain_text("invoice\\u202egpj.exe")
    # Marks above a character reach over what is above it.
    for clipped in (".execution-artifacts > li", ".execution-facts > div", ".table td"):
        found = page.locator(clipped).evaluate_all(
            "all => all.map(e => getComputedStyle(e).overflowY)"
        )
        assert set(found) == {"clip"}, clipped
    check_harmless(page, "Execution · Podline")
    check_accessible(page)
    output.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(output).to_contain_text("the last line")
    page.get_by_label("Search the output").fill("click here")
    page.keyboard.press("Enter")
    expect(output.locator(".output-current")).to_have_text("click here")
    assert output.locator("a:not(.output-number)").count() == 0
    text = output.evaluate("element => element.textContent")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    check_harmless(page, "Execution · Podline")
