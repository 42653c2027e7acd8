import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import OverviewPage from "../../src/operator/overview.tsx";
import { useAddress } from "../../src/shell/router.ts";
import { setHidden, visit } from "../support/browser.ts";
import { drawn } from "../support/canvas.ts";
import { stopClock } from "../support/clock.ts";
import { type Shown, settle, show } from "../support/page.tsx";
import { problem, serve } from "../support/service.ts";

const OVERVIEW = "GET /api/v1/overview";
const WORKERS = "GET /api/v1/workers";
const ALL = "/executions?owner=*";

function minute(start: string, more: object = {}): object {
  return { start, ended: {}, waiting_ms: null, running_ms: null, queued: null, ...more };
}

function queue(more: object = {}): object {
  return {
    counts: { queued: { high: 0, normal: 0 }, running: {} },
    owners: [],
    events_not_in_log: { executions: 0, oldest_seconds: null },
    slots: { total: 4, used: 0, free: 4 },
    oldest_queued_seconds: null,
    oldest_by_priority: {},
    ...more,
  };
}

function overview(more: object = {}): object {
  return {
    queue: queue(),
    minutes: [minute("2026-11-29T12:29:00Z"), minute("2026-11-29T12:30:00Z")],
    total: minute("2026-11-29T11:31:00Z"),
    dead_letters: {},
    ...more,
  };
}

const PLACE = { slots: 4, free: 4, languages: ["python"], version: "0.2" };
const WORKER = { name: "w@1", kind: "worker", steps: [] };

function Here() {
  return <OverviewPage parameters={{}} query={useAddress().searchParams} />;
}

async function open(
  t: TestContext,
  more: object = {},
  workers: object = { items: [WORKER], places: [PLACE] },
) {
  visit("/overview");
  const clock = stopClock(t);
  const service = serve(t, { [OVERVIEW]: overview(more), [WORKERS]: workers });
  return { clock, service, shown: await show(t, <Here />, { role: "operator" }) };
}

/** Each tile: its label and number, what else is known, where it leads, and whether it alarms. */
function tiles(shown: Shown, title: string) {
  const all = shown.all(`section[aria-label="${title}"] .operator-tile`);
  return all.map((tile) => {
    const [label = "", value = "", more = ""] = [...["label", "value", "more"]].map(
      (part) => tile.querySelector(`.operator-tile-${part}`)?.textContent?.trim() ?? "",
    );
    const href = tile.querySelector("a")?.getAttribute("href") ?? null;
    return { label, value, more, href, alarms: tile.classList.contains("is-alarming") };
  });
}

test("a service with nothing to do has quiet tiles that lead to its lists", async (t) => {
  const { shown } = await open(t);
  const quiet = { more: "", alarms: false };
  assert.deepEqual(tiles(shown, "Now"), [
    { ...quiet, label: "Queued", value: "0", href: `${ALL}&state=queued` },
    {
      ...quiet,
      label: "Slots in use",
      value: "0 of 4",
      more: "4 free",
      href: `${ALL}&state=running`,
    },
    { ...quiet, label: "Not in the event log", value: "0", href: "/events" },
    { ...quiet, label: "Dead letters", value: "0", href: "/dead-letters" },
    { ...quiet, label: "Workers", value: "1", more: "0 running steps", href: "/workers" },
    {
      ...quiet,
      label: "Places available",
      value: "1 of 1",
      more: "where programs run",
      href: "/workers",
    },
  ]);
});

test("what waits and what fails has its number, its age and its list", async (t) => {
  const { shown } = await open(
    t,
    {
      queue: queue({
        counts: { queued: { high: 1200, normal: 34 } },
        oldest_queued_seconds: 150,
        events_not_in_log: { executions: 10_000, oldest_seconds: 61 },
        slots: { total: 8, used: 8, free: 0 },
      }),
      dead_letters: { waiting: 2, retrying: 1, archived: 4, resolved: 9 },
    },
    {
      items: [WORKER, { ...WORKER, steps: [{}] }, { ...WORKER, kind: "beat" }],
      places: [PLACE, { ...PLACE, languages: null }],
    },
  );
  const rows = tiles(shown, "Now").map(({ label, value, more, alarms }) => [
    ...[label, value, more],
    ...(alarms ? ["!"] : []),
  ]);
  assert.deepEqual(rows, [
    ["Queued", "1,234", "the oldest for 2 min"],
    ["Slots in use", "8 of 8", "0 free"],
    ["Not in the event log", "10,000 or more", "1 min behind", "!"],
    ["Dead letters", "3", "4 archived", "!"],
    ["Workers", "2", "1 running step"],
    ["Places available", "1 of 2", "where programs run", "!"],
  ]);
  assert.equal(shown.link("4 archived").getAttribute("href"), "/dead-letters?status=archived");
});

const LETTERS: readonly [found: object, leads: string, alarms: boolean][] = [
  [{}, "/dead-letters", false],
  [{ archived: 3, resolved: 1 }, "/dead-letters", false],
  [{ waiting: 1, retrying: 5 }, "/dead-letters?status=waiting", true],
  [{ retrying: 5 }, "/dead-letters?status=retrying", true],
];

test("dead letters lead to those that somebody has to look at", async (t) => {
  for (const [found, leads, alarms] of LETTERS) {
    const { shown } = await open(t, { dead_letters: found });
    const tile = tiles(shown, "Now").find(({ label }) => label === "Dead letters");
    assert.deepEqual([tile?.href, tile?.alarms], [leads, alarms]);
    await shown.render(null);
  }
});

test("a log that is a minute behind is slow, not broken", async (t) => {
  const { shown } = await open(t, {
    queue: queue({ events_not_in_log: { executions: 5, oldest_seconds: 60 } }),
  });
  assert.equal(tiles(shown, "Now")[2]?.alarms, false);
});

test("without a worker, nothing runs: that alarms", async (t) => {
  const { shown } = await open(t, {}, { items: [], places: [] });
  const [workers, places] = tiles(shown, "Now").slice(4);
  assert.deepEqual([workers?.value, workers?.alarms], ["0", true]);
  assert.deepEqual([places?.value, places?.alarms], ["0 of 0", false]);
});

test("while Redis is unavailable, slots and owners are not known", async (t) => {
  const { shown } = await open(t, {
    queue: queue({ owners: null, slots: { total: 8, used: null, free: null } }),
  });
  const slots = tiles(shown, "Now")[1];
  assert.deepEqual([slots?.value, slots?.more], ["–", ""]);
  assert.match(shown.one("[aria-label=Queue]").textContent ?? "", /Not known while Redis/);
});

test("what ended has a tile for each end, which leads to those that ended so", async (t) => {
  const start = "2026-11-29T11:31:00Z";
  const total = minute(start, {
    ended: { cancelled: 1, success: 1000, wrong_output: 2, brand_new: 3 },
    waiting_ms: { p50: 40, p95: 1500 },
  });
  const { shown } = await open(t, { total });
  const since = "from=2026-11-29T11%3A31%3A00Z";
  const found = tiles(shown, "Last hour").map(({ label, value, href }) => [label, value, href]);
  assert.deepEqual(found, [
    ["Ended", "1,006", `${ALL}&${since}`],
    ["Success", "1,000", `${ALL}&outcome=success&${since}`],
    ["Wrong output", "2", `${ALL}&outcome=wrong_output&${since}`],
    ["Cancelled", "1", `${ALL}&state=cancelled&${since}`],
    ["Brand new", "3", `${ALL}&outcome=brand_new&${since}`],
    ["Waiting, median", "40 ms", `${ALL}&${since}`],
    ["Running, median", "–", `${ALL}&${since}`],
  ]);
  assert.match(shown.text, /95 % up to 1\.50 s/);
});

test("the queue is shown by priority and by owner, with the oldest of each", async (t) => {
  const { shown } = await open(t, {
    queue: queue({
      counts: { queued: { high: 2, normal: 0 }, running: { high: 3 }, starting: { high: 1 } },
      oldest_by_priority: { high: 90 },
      owners: [{ owner: "b\u202eob", queued: 2, oldest_seconds: 90 }],
    }),
  });
  const table = (name: string) => shown.rows(`[aria-label="${name}"] tbody tr`);
  assert.deepEqual(table("Queue by priority"), [
    ["High", "2", "1 min", "4"],
    ["Normal", "0", "–", "0"],
  ]);
  assert.deepEqual(table("Longest queues of owners"), [["b\u202eob", "2", "1 min"]]);
  const links = shown.all("[aria-label=Queue] a").map((each) => each.getAttribute("href"));
  assert.deepEqual(links, [
    `${ALL}&priority=high&state=queued`,
    `${ALL}&priority=normal&state=queued`,
    `/executions?owner=${encodeURIComponent("b\u202eob")}&state=queued`,
  ]);
  assert.equal(shown.all("bdi").length, 1); // Its direction is its own.
});

test("an empty queue says so", async (t) => {
  const { shown } = await open(t);
  assert.match(shown.one("[aria-label=Queue]").textContent ?? "", /Nothing is queued/);
});

test("each chart is a table, too, for whoever sees no chart", async (t) => {
  const { shown } = await open(t, {
    minutes: [
      minute("2026-11-29T12:28:00Z", { ended: { success: 3 }, queued: 5 }),
      minute("2026-11-29T12:30:00Z", {
        ended: { success: 1, failed: 2 },
        waiting_ms: { p50: 20, p95: 2500 },
      }),
    ],
  });
  const figures = shown.all(".operator-chart");
  const tables: Record<string, string[]> = {};
  for (const figure of figures) {
    const details = figure.querySelector("details") as HTMLDetailsElement;
    assert.equal(details.querySelector("table"), null); // It is made when somebody looks.
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    await shown.render(<Here />);
    const rows = [...details.querySelectorAll("tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent).join(" | "),
    );
    tables[figure.querySelector("h3")?.textContent ?? ""] = rows;
  }
  assert.deepEqual(tables, {
    "Executions per minute": [
      "From | Success | Failed",
      "12:28:00 | 3 | 0",
      "12:29:00 | – | –",
      "12:30:00 (so far) | 1 | 2",
    ],
    Queued: ["From | Queued", "12:28:00 | 5", "12:29:00 | –", "12:30:00 (so far) | –"],
    Waiting: [
      "From | Median | 95th percentile",
      "12:28:00 | – | –",
      "12:29:00 | – | –",
      "12:30:00 (so far) | 20 ms | 2.50 s",
    ],
    Running: [
      "From | Median | 95th percentile",
      "12:28:00 | – | –",
      "12:29:00 | – | –",
      "12:30:00 (so far) | – | –",
    ],
  });
});

test("a legend names each line of a chart, whatever its colour", async (t) => {
  const ended = { success: 1, time_limit: 1 };
  const { shown } = await open(t, { minutes: [minute("2026-11-29T12:30:00Z", { ended })] });
  const [first] = shown.all(".operator-legend");
  assert.deepEqual(
    [...(first?.children ?? [])].map((each) => each.textContent),
    ["Success", "Time limit"],
  );
});

test("the period is in the address, and decides what is asked for and how often", async (t) => {
  const { shown, service, clock } = await open(t);
  assert.deepEqual(service.only(OVERVIEW).query, { minutes: "60", step: "1" });
  await clock.wait(5000);
  assert.equal(service.sent(OVERVIEW).length, 2);
  await shown.tick("Last day");
  assert.equal(location.search, "?period=day");
  assert.deepEqual(service.sent(OVERVIEW).at(-1)?.query, { minutes: "1440", step: "10" });
  assert.ok(shown.one('section[aria-label="Last day"]'));
  assert.equal(shown.field("Last day").checked, true);
  const asked = service.sent(OVERVIEW).length;
  await clock.wait(19_999);
  assert.equal(service.sent(OVERVIEW).length, asked);
  await clock.wait(1);
  assert.equal(service.sent(OVERVIEW).length, asked + 1);
});

test("nobody asks while nobody looks", async (t) => {
  const { service, clock } = await open(t);
  setHidden(true);
  t.after(() => setHidden(false));
  await clock.wait(60_000);
  assert.equal(service.sent(OVERVIEW).length, 1);
  setHidden(false);
  await clock.wait(1000);
  assert.equal(service.sent(OVERVIEW).length, 2);
});

test("what is out of date says so, and stays until it is known again", async (t) => {
  const { shown, service, clock } = await open(t);
  service.on(WORKERS, () => problem(503, "Busy", { detail: "Redis is unavailable." }));
  await clock.wait(5000);
  assert.match(shown.text, /Not up to date: Redis is unavailable\./);
  assert.equal(tiles(shown, "Now").length, 6);
  service.on(WORKERS, { items: [], places: [] });
  await clock.wait(2000);
  assert.doesNotMatch(shown.text, /Not up to date/);
});

test("whoever may not see it is told why", async (t) => {
  const refused = () => problem(403, "Forbidden", { detail: "It needs the role operator." });
  visit("/overview");
  const clock = stopClock(t);
  const service = serve(t, { [OVERVIEW]: refused, [WORKERS]: refused });
  const shown = await show(t, <Here />);
  assert.match(shown.one("[role=alert]").textContent ?? "", /It needs the role operator\./);
  await clock.wait(60_000);
  assert.equal(service.sent(OVERVIEW).length, 1); // Asking again would change nothing.
  await shown.click("Try again");
  assert.equal(service.sent(OVERVIEW).length, 2);
});

test("charts are drawn, and whoever hears the page hears their tables instead", async (t) => {
  const before = drawn.times;
  const { shown } = await open(t, {
    minutes: [minute("2026-11-29T12:30:00Z", { ended: { success: 2 } })],
  });
  const drawings = shown.all(".operator-drawing");
  assert.deepEqual(
    drawings.map((each) => [
      each.getAttribute("aria-hidden"),
      each.querySelectorAll("canvas").length,
    ]),
    Array.from({ length: 4 }, () => ["true", 1]),
  );
  assert.ok(drawn.times > before);
});

test("charts are drawn again in the colours of another theme", async (t) => {
  const { shown } = await open(t);
  const [first] = shown.all(".operator-drawing canvas");
  document.documentElement.dataset.theme = "dark";
  await settle();
  delete document.documentElement.dataset.theme;
  const [again] = shown.all(".operator-drawing canvas");
  assert.notEqual(again, first);
  assert.equal(shown.all(".operator-drawing canvas").length, 4); // The old ones are gone.
});

test("where the cursor is in a chart, its time and figures are in the legend", async (t) => {
  const { shown } = await open(t, {
    minutes: [minute("2026-11-29T12:30:00Z", { ended: { success: 2 } })],
  });
  const [chart] = shown.all(".operator-chart");
  const said = () => [
    chart?.querySelector(".operator-chart-at")?.textContent,
    chart?.querySelector(".operator-legend li")?.textContent,
  ];
  assert.deepEqual(said(), ["", "Success"]);
  const over = chart?.querySelector(".u-over");
  for (const name of ["mouseenter", "mousemove"]) {
    over?.dispatchEvent(new MouseEvent(name, { clientX: 10, clientY: 10, bubbles: true }));
    await settle();
  }
  assert.deepEqual(said(), ["12:30:00", "Success 2"]);
  over?.dispatchEvent(new MouseEvent("mouseleave", { bubbles: true }));
  await settle();
  assert.deepEqual(said(), ["", "Success"]);
});
