"""How long the playground takes from the first request until a program can be typed and run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.measure import MILLISECONDS, p50, p95, table, verdict
from benchmarks.service import running
from tests.support.page import a_browser, a_context, build_page, sign_in

TITLE: Final = "The playground, from navigation until it can be used, with an empty cache (ms)"
BAR: Final = 1_000
SCRIPT_BAR_KIB: Final = 200
TYPED: Final = "typed7"
_MARKS: Final = """(() => {
    const mark = (name, there) => there && !performance.getEntriesByName(name).length
        && performance.mark(name);
    const look = () => {
        const host = document.querySelector(".playground-editor");
        const code = host?.shadowRoot?.querySelector(".cm-content");
        mark("run", document.querySelector(".playground-toolbar .button-primary:not(:disabled)"));
        mark("text", document.querySelector(".playground-plain, .playground-editor:not([hidden])"));
        mark("editor", code && !host.hidden);
        if (performance.getEntriesByName("editor").length) seen();
        else requestAnimationFrame(look);
    };
    let seen;
    window.complete = new Promise((resolve) => (seen = resolve));
    look();
})()"""
"""Looks once a frame, so a mark is up to 17 ms late."""
_TIMES: Final = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const all = performance.getEntriesByType("resource");
    const ends = (of) => Math.max(0, ...of.map((each) => each.responseEnd));
    const mark = (name) => performance.getEntriesByName(name)[0].startTime;
    const scripts = all.filter(({ name }) => name.endsWith(".js"));
    const asked = (path) => all.filter(({ name }) => new URL(name).pathname === `/api/v1/${path}`);
    const usable = Math.max(mark("run"), mark("text"));
    return {
        html: page.responseEnd,
        painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
        scripts: ends(scripts.filter(({ responseEnd }) => responseEnd < usable)),
        session: ends(asked("session")),
        catalogue: ends([...asked("languages"), ...asked("limits")]),
        run: mark("run"),
        usable,
        editor: mark("editor"),
        requests: all.length + 1,
        script_kib: scripts.reduce((sum, { encodedBodySize: size }) => sum + size, 0) / 1024,
    };
}"""
_STEPS: Final[Mapping[str, str]] = {
    "html": "HTML received",
    "session": "session known",
    "painted": "first content painted",
    "catalogue": "languages and limits known",
    "scripts": "scripts received",
    "run": "*Run* can be pressed",
    "usable": "**it can be used**: *Run* can be pressed and text can be typed",
    "editor": "the full editor is there",
    "cpu": "CPU time of the page's main thread until then",
    "script": "of which scripts",
}


@dataclass(frozen=True, slots=True)
class Place:
    """From where it is loaded."""

    slower: float = 1
    latency_ms: float = 0


PLACES: Final[Mapping[str, Place]] = {
    "this machine": Place(),
    "CPU throttled by 4": Place(slower=4),
    "a server 100 ms away": Place(latency_ms=100),
}


def run(*, quick: bool) -> str:
    rounds = 1 if quick else 10
    build_page()
    with running() as (service, _), a_browser() as browser:
        url, key = ((service.data_dir / name).read_text().strip() for name in ("url", "key"))
        load(browser, url, key)  # The API reads the page's files once.
        loads: dict[str, list[dict[str, float]]] = {name: [] for name in PLACES}
        for _ in range(rounds):
            for name, place in PLACES.items():
                loads[name].append(load(browser, url, key, place))
    return report(loads)


def report(loads: Mapping[str, list[dict[str, float]]]) -> str:
    """Both percentiles of each step, for each place."""
    heading = ["", *(f"{name}: {which}" for name in loads for which in ("p50", "p95"))]
    rows = [[title, *_both(step, loads)] for step, title in _STEPS.items()]
    here = next(iter(loads.values()))
    script, requests = (p50([each[what] for each in here]) for what in ("script_kib", "requests"))
    usable = p95([each["usable"] for each in here])
    return (
        table(heading, rows) + f"\n\n{requests:.0f} requests; {script:.0f} KiB of compressed script"
        f" (target: {SCRIPT_BAR_KIB}, {verdict(script, SCRIPT_BAR_KIB)}). Target for use:"
        f" {BAR:,} ms, {verdict(usable, BAR)}."
    )


def _both(step: str, loads: Mapping[str, list[dict[str, float]]]) -> Iterator[str]:
    for each in loads.values():
        times = [load[step] for load in each]
        yield from (f"{of(times):,.0f}" for of in (p50, p95))


def load(browser: Browser, url: str, key: str, place: Place = Place()) -> dict[str, float]:
    """Open the playground in a new profile, and type into it. Return when each step was reached."""
    with a_context(browser, url) as context:
        context.add_init_script(_MARKS)
        page = sign_in(context, key)
        with _from(place, page) as devtools:
            page.goto("/", wait_until="commit")
            page.evaluate("window.complete")
            spent = {each["name"]: each["value"] for each in _metrics(devtools)}
            _check_that_it_takes_text(page)
            times: dict[str, float] = page.evaluate(_TIMES)
    cpu = {"cpu": spent["TaskDuration"], "script": spent["ScriptDuration"]}
    return times | {name: MILLISECONDS * seconds for name, seconds in cpu.items()}


def _metrics(devtools: CDPSession) -> list[dict[str, Any]]:
    metrics: list[dict[str, Any]] = devtools.send("Performance.getMetrics")["metrics"]
    return metrics


def _check_that_it_takes_text(page: Page) -> None:
    code = page.locator(".cm-content")
    code.click()
    page.keyboard.type(TYPED)
    assert TYPED in code.inner_text()


@contextmanager
def _from(place: Place, page: Page) -> Iterator[CDPSession]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": place.slower})
    if place.latency_ms:
        devtools.send("Network.enable")
        devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": place.latency_ms,
                "downloadThroughput": -1,
                "uploadThroughput": -1,
            },
        )
    yield devtools
