import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import WorkersPage from "../../src/operator/workers.tsx";
import { stopClock } from "../support/clock.ts";
import { show } from "../support/page.tsx";
import { problem, serve } from "../support/service.ts";

const ROUTE = "GET /api/v1/workers";
const WORKERS = "[aria-label='Workers and beat'] tbody tr";
const PLACES = "[aria-label='Where programs run'] tbody tr";

function worker(more: object = {}): object {
  return {
    ...{ name: "host@1", kind: "worker", roles: ["run", "store"], version: "0.2.0" },
    ...{ seen_at: "2026-11-29T12:29:55Z", steps: [] },
    ...more,
  };
}

function place(more: object = {}): object {
  return { slots: 4, free: 3, languages: ["c", "python"], version: "0.2.0", ...more };
}

async function open(t: TestContext, items: object[], places: object[] = [place()]) {
  const clock = stopClock(t);
  const service = serve(t, { [ROUTE]: { items, places } });
  return { clock, service, shown: await show(t, <WorkersPage />, { role: "operator" }) };
}

test("each process has its queues, its last heartbeat, and what it is doing", async (t) => {
  const steps = [
    { task: "execution.run", subject_id: "01A", started_at: "2026-11-29T12:29:00Z" },
    { task: "sweep", subject_id: null, started_at: "2026-11-29T12:29:58Z" },
  ];
  const { shown } = await open(t, [
    worker({ steps }),
    worker({ name: "host@2", kind: "beat", roles: [], seen_at: "2026-11-29T12:28:00Z" }),
  ]);
  assert.deepEqual(shown.rows(WORKERS), [
    [
      ...["host@1", "worker", "run, store", "5 s ago", "0.2.0"],
      "execution.run, 1 min ago 01Asweep, 2 s ago",
    ],
    ["host@2", "beat", "–", "2 min ago", "0.2.0", "–"],
  ]);
  const links = shown.all("tbody a").map((each) => each.getAttribute("href"));
  assert.deepEqual(links, ["/executions/01A"]);
});

test("heartbeats grow old while somebody looks", async (t) => {
  const { shown, clock } = await open(t, [worker()]);
  await clock.wait(3000);
  assert.equal(shown.rows(WORKERS)[0]?.[3], "8 s ago");
});

test("a clock that is ahead has a heartbeat in the future", async (t) => {
  const { shown } = await open(t, [worker({ seen_at: "2026-11-29T12:31:00Z" })]);
  assert.equal(shown.rows(WORKERS)[0]?.[3], "in 1 min");
});

test("without a heartbeat, the page says which are missing", async (t) => {
  const { shown } = await open(t, []);
  assert.match(shown.text, /No worker and no beat has sent a heartbeat in the last minute/);
  assert.equal(shown.rows(PLACES).length, 1); // The places are known all the same.
});

test("each place has its slots and languages, or is unavailable", async (t) => {
  const { shown } = await open(
    t,
    [],
    [
      place(),
      place({ free: null, version: null }),
      place({ slots: 8, free: 0, languages: null, version: null }),
    ],
  );
  assert.deepEqual(shown.rows(PLACES), [
    ["1", "Responds", "4", "3", "0.2.0", "c, python"],
    ["2", "Responds", "4", "–", "–", "c, python"],
    ["3", "Unavailable", "8", "0", "–", "–"],
  ]);
  // Never by colour alone.
  assert.deepEqual(
    shown.all(`${PLACES} .badge`).map((each) => each.querySelectorAll("svg").length),
    [1, 1, 1],
  );
});

test("they are asked for every 5 s, and what is old says so", async (t) => {
  const { shown, service, clock } = await open(t, [worker()]);
  service.on(ROUTE, () => problem(503, "Redis is unavailable"));
  await clock.wait(5000);
  assert.match(shown.text, /Not up to date: Redis is unavailable/);
  assert.equal(shown.rows(WORKERS).length, 1);
});

test("a long name is cut, and its title has all of it", async (t) => {
  const name = `<b>${"x".repeat(300)}`;
  const { shown } = await open(t, [worker({ name })]);
  const cell = shown.one<HTMLElement>(`${WORKERS} td:first-child bdi`);
  assert.deepEqual([cell.title, cell.textContent], [name, name]);
});
