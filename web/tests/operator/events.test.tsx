import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import EventsPage from "../../src/operator/events.tsx";
import { useAddress } from "../../src/shell/router.ts";
import { visit } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";

const ROUTE = "GET /api/v1/events";

function event(id: string, more: object = {}): object {
  return {
    ...{ id, version: 1, time: "2026-11-29T12:00:00Z", data: {} },
    type: "podline.execution.queued.v1",
    ...more,
  };
}

function Here() {
  return <EventsPage parameters={{}} query={useAddress().searchParams} />;
}

type Items = object[] | ((sent: Sent) => unknown);

async function open(t: TestContext, items: Items, at = "/events") {
  visit(at);
  const clock = stopClock(t);
  const answer = typeof items === "function" ? items : { items, next_cursor: null };
  const service = serve(t, { [ROUTE]: answer });
  return { clock, service, shown: await show(t, <Here />, { role: "operator" }) };
}

test("events are in their order, with their execution, owner and data", async (t) => {
  const { shown } = await open(t, [
    event("01A.1", { data: { owner: "ada", state: "queued" } }),
    event("01A.2", {
      ...{ type: "podline.execution.failed.v1", version: 2, time: "2026-11-28T23:59:59Z" },
      data: { message: "The node was lost." },
    }),
    event("01A.b.3", { type: "something.else", data: { owner: 5 } }),
    event("01R.1", {
      type: "podline.audit.recorded.v1",
      data: { name: "root", action: "POST /api/v1/keys" },
    }),
  ]);
  const rows = shown.rows().map((row) => row.slice(0, 5));
  assert.deepEqual(rows, [
    ["12:00:00", "Queued", "01A", "1", "ada"],
    ["2026-11-28 23:59:59", "Failed", "01A", "2", ""],
    ["12:00:00", "Something.else", "", "1", ""],
    ["12:00:00", "Audit", "", "1", ""],
  ]);
  assert.deepEqual(shown.texts("summary"), [
    "Show",
    "The node was lost.",
    "Show",
    "POST /api/v1/keys",
  ]);
  const links = shown.all("tbody a").map((each) => each.getAttribute("href"));
  assert.deepEqual(links, ["/executions/01A", "/events?owner=ada", "/executions/01A"]);
});

test("an event's data is JSON, in which nothing hides", async (t) => {
  const { shown } = await open(t, [event("01A.1", { data: { labels: { a: "\u202e<b>" } } })]);
  const text = shown.one("pre").textContent ?? "";
  assert.match(text, /"a": "\\u202e<b>"/);
});

test("a search is in the address, in the API's words and zone", async (t) => {
  const { shown, service } = await open(t, []);
  await shown.fill("Execution", " 01A ");
  await shown.fill("Owner", "ada");
  await shown.fill("Type", "podline.execution.completed.v1");
  await shown.fill("From", "2026-11-29T10:00:00");
  await shown.submit();
  const from = new Date("2026-11-29T10:00:00").toISOString();
  assert.deepEqual(Object.fromEntries(new URLSearchParams(location.search)), {
    execution: "01A",
    owner: "ada",
    type: "podline.execution.completed.v1",
    from,
  });
  assert.deepEqual(service.sent(ROUTE).at(-1)?.query, {
    execution: "01A",
    owner: "ada",
    type: "podline.execution.completed.v1",
    from,
  });
});

test("the form has what the address says, also what the API would refuse", async (t) => {
  const { shown, service } = await open(
    t,
    [],
    "/events?execution=01A&type=none&to=2026-11-29T12:00:00Z&from=never",
  );
  assert.equal(shown.field("Execution").value, "01A");
  assert.match(shown.field("Until").value, /^2026-11-29T/);
  assert.equal(shown.field("From").value, "");
  assert.deepEqual(service.only(ROUTE).query, {
    ...{ execution: "01A", to: "2026-11-29T12:00:00Z", from: "never" },
  });
});

test("a type in the address is chosen in the form, and searched for again with the rest", async (t) => {
  const { shown } = await open(t, [], "/events?type=podline.execution.failed.v1");
  assert.equal(shown.field("Type").value, "podline.execution.failed.v1");
  await shown.fill("Owner", "ada");
  await shown.submit();
  assert.equal(location.search, "?type=podline.execution.failed.v1&owner=ada");
});

test("records of the audit log can be searched for", async (t) => {
  const { shown, service } = await open(t, []);
  await shown.fill("Type", "podline.audit.recorded.v1");
  await shown.submit();
  assert.equal(service.sent(ROUTE).at(-1)?.query.type, "podline.audit.recorded.v1");
});

test("a search that finds nothing yet says how much is left", async (t) => {
  const { shown, service } = await open(t, ({ query }: Sent) => ({
    items: query.cursor ? [event("01A.1")] : [],
    next_cursor: query.cursor ? null : "c1",
  }));
  assert.match(shown.text, /No event matches in the part searched so far/);
  assert.match(shown.text, /More of the log is left to search/);
  await shown.click("Show more");
  assert.equal(service.sent(ROUTE).at(-1)?.query.cursor, "c1");
  assert.equal(shown.rows().length, 1);
  assert.equal(shown.buttons().includes("Show more"), false);
});

test("a search that finds nothing at all says so", async (t) => {
  const { shown } = await open(t, []);
  assert.match(shown.text, /No event matches$/);
});

test("another search begins with its first page", async (t) => {
  const { shown, service } = await open(t, ({ query }: Sent) => ({
    items: [event(`01A.${query.cursor ?? "0"}`)],
    next_cursor: "next",
  }));
  await shown.click("Show more");
  assert.equal(shown.rows().length, 2);
  await shown.fill("Owner", "bob");
  await shown.submit();
  assert.equal(shown.rows().length, 1);
  assert.deepEqual(service.sent(ROUTE).at(-1)?.query, { owner: "bob" });
});

test("the log isn't searched again by itself", async (t) => {
  const { service, clock } = await open(t, []);
  await clock.wait(600_000);
  assert.equal(service.sent(ROUTE).length, 1);
});

test("a log that is unavailable is searched again until it is there", async (t) => {
  const { shown, service, clock } = await open(t, () =>
    problem(503, "Kafka is unavailable", {}, { "Retry-After": "3" }),
  );
  assert.match(shown.one(".state-failed").textContent ?? "", /Kafka is unavailable/);
  service.on(ROUTE, { items: [event("01A.1")], next_cursor: null });
  await clock.wait(2999);
  assert.equal(shown.rows().length, 0);
  await clock.wait(1);
  assert.equal(shown.rows().length, 1);
});
