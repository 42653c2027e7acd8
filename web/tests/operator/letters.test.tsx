import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import DeadLetterPage from "../../src/operator/dead-letter.tsx";
import DeadLettersPage from "../../src/operator/dead-letters.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { useAddress } from "../../src/shell/router.ts";
import { visit } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { settle, show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";

const ROUTE = "/api/v1/dead-letters";

function letter(more: object = {}) {
  return {
    id: "L/1",
    kind: "task_error",
    status: "waiting",
    error: "ValueError: \u001b[31m<b>no</b>",
    traceback: null,
    payload: null,
    origin: "podline.run",
    execution_id: null,
    attempts: 3,
    retries: 1,
    first_failed_at: "2026-11-29T12:00:00Z",
    last_failed_at: "2026-11-29T12:20:00Z",
    next_retry_at: null,
    ...more,
  };
}

function Here() {
  return (
    <>
      <DeadLettersPage parameters={{}} query={useAddress().searchParams} />
      <Toasts />
    </>
  );
}

async function list(test: TestContext, items: object[], at = "/dead-letters") {
  visit(at);
  const clock = stopClock(test);
  const service = serve(test, { [`GET ${ROUTE}`]: { items, next_cursor: null } });
  const shown = await show(test, <Here />, { role: "operator" });
  return { clock, service, shown };
}

test("each letter says what failed, how often, and when it is tried again", async (t) => {
  const { shown } = await list(t, [
    letter({ next_retry_at: "2026-11-29T12:40:00Z", attempts: 1200 }),
    letter({ id: "2", kind: "poison", status: "archived" }),
  ]);
  assert.deepEqual(
    shown.rows().map((row) => [row[0], row[1], ...row.slice(3)]),
    [
      ["Task error", "Waiting", "1,200", "1", "10 min ago", "in 10 min"],
      ["Poison", "Archived", "3", "1", "10 min ago", "–"],
    ],
  );
  assert.equal(shown.link("Task error").getAttribute("href"), "/dead-letters/L%2F1");
});

test("Enter opens the letter that has the focus", async (t) => {
  const { shown } = await list(t, [letter()]);
  await shown.press(shown.one("tbody tr"), "Enter");
  assert.equal(location.pathname, "/dead-letters/L%2F1");
});

test("the filter is in the address, and what the API has no word for is none", async (t) => {
  const { shown, service } = await list(t, [], "/dead-letters?status=lost&kind=poison");
  assert.deepEqual(service.only(`GET ${ROUTE}`).query, { kind: "poison" });
  await shown.fill("Status", "archived");
  assert.equal(location.search, "?status=archived&kind=poison");
  assert.deepEqual(service.sent(`GET ${ROUTE}`).at(-1)?.query, {
    status: "archived",
    kind: "poison",
  });
  await shown.fill("Kind", "");
  assert.equal(location.search, "?status=archived");
  assert.match(shown.text, /No dead letter matches/);
});

test("the list is asked for every 5 s, and says if it is not up to date", async (t) => {
  const { shown, service, clock } = await list(t, [letter()]);
  service.on(`GET ${ROUTE}`, () => problem(503, "Busy", { detail: "MongoDB did not respond." }));
  await clock.wait(5000);
  assert.equal(
    shown.one(".operator-outdated").textContent,
    "Not up to date: MongoDB did not respond.",
  );
  assert.equal(shown.rows().length, 1);
  service.on(`GET ${ROUTE}`, { items: [letter(), letter({ id: "2" })], next_cursor: null });
  await clock.wait(2000);
  assert.equal(shown.one(".operator-outdated").textContent, "");
  assert.equal(shown.rows().length, 2);
});

test("more pages are asked for behind the last one, and all are refreshed", async (t) => {
  const { shown, service, clock } = await list(t, []);
  service.on(`GET ${ROUTE}`, ({ query }: Sent) =>
    query.cursor
      ? { items: [letter({ id: "2" })], next_cursor: null }
      : { items: [letter()], next_cursor: "c1" },
  );
  await clock.wait(5000);
  await shown.click("Show more");
  assert.equal(shown.rows().length, 2);
  assert.equal(shown.buttons().includes("Show more"), false);
  const before = service.requests.length;
  await clock.wait(5000);
  assert.deepEqual(
    service.requests.slice(before).map((each) => each.query.cursor),
    [undefined, "c1"],
  );
});

test("all that match are retried, after they were counted", async (t) => {
  const { shown, service } = await list(t, [letter()], "/dead-letters?status=archived");
  let left = 250;
  service.on(`POST ${ROUTE}/retry`, ({ body }: Sent) => {
    const retried = (body as { dry_run: boolean }).dry_run ? 0 : Math.min(left - 2, 200);
    left -= retried;
    return { retried, skipped: 2, remaining: left };
  });
  await shown.click("Retry all…");
  assert.match(shown.one("dialog").textContent ?? "", /Retry all archived dead letters/);
  assert.match(shown.one("dialog").textContent ?? "", /250 match now/);
  await shown.click("Retry");
  assert.match(shown.one(".toasts").textContent ?? "", /Retried 248 dead letters; 2 can't be/);
  assert.equal(shown.all("dialog").length, 0);
  const bodies = service.sent(`POST ${ROUTE}/retry`).map((each) => each.body);
  assert.deepEqual(bodies.slice(0, 2), [
    { status: "archived", kind: null, dry_run: true, limit: 200 },
    { status: "archived", kind: null, dry_run: false, limit: 200 },
  ]);
  assert.equal(bodies.length, 4);
  assert.equal(service.sent(`GET ${ROUTE}`).length, 2);
});

test("nothing is done before it is known how many match", async (t) => {
  const { shown, service } = await list(t, [letter()]);
  let counted = (_: object) => {};
  service.on(`POST ${ROUTE}/discard`, () => new Promise<object>((done) => (counted = done)));
  await shown.click("Discard all…");
  assert.equal(shown.button("Discard").disabled, true);
  counted({ discarded: 0, remaining: 1 });
  await settle();
  service.on(`POST ${ROUTE}/discard`, { discarded: 1, remaining: 0 });
  await shown.click("Discard");
  assert.match(shown.one(".toasts").textContent ?? "", /Discarded 1 dead letter\./);
});

test("a bulk call that fails says why, and the list shows what it did", async (t) => {
  const { shown, service } = await list(t, [letter()]);
  service.on(`POST ${ROUTE}/discard`, { discarded: 0, remaining: 3 });
  await shown.click("Discard all…");
  service.on(`POST ${ROUTE}/discard`, () => problem(503, "Busy", { detail: "Redis is away." }));
  await shown.click("Discard");
  assert.match(shown.one("dialog [role=alert]").textContent ?? "", /Redis is away/);
  assert.equal(service.sent(`GET ${ROUTE}`).length, 2);
});

async function open(test: TestContext, more: object = {}) {
  const clock = stopClock(test);
  const service = serve(test, { [`GET ${ROUTE}/*`]: letter(more) });
  const shown = await show(
    test,
    <>
      <DeadLetterPage parameters={{ id: "L/1" }} query={new URLSearchParams()} />
      <Toasts />
    </>,
    { role: "operator" },
  );
  return { clock, service, shown };
}

test("a letter is shown with all that is known of it, as text", async (t) => {
  const { shown, service } = await open(t, {
    execution_id: "01A",
    traceback: "File <x>\u202e",
    payload: Buffer.from("\u0000{}").toString("base64"),
  });
  assert.equal(service.requests[0]?.path, `${ROUTE}/L%2F1`);
  assert.equal(shown.link("01A").getAttribute("href"), "/executions/01A");
  const texts = Object.fromEntries(
    shown.all("pre").map((each) => [each.getAttribute("aria-label"), each.textContent]),
  );
  assert.deepEqual(texts, {
    Error: "ValueError: \u241b[31m<b>no</b>",
    Traceback: "File <x>\\u202e",
    "Message, cut at 16 KiB": "\u2400{}",
  });
});

test("what a letter doesn't have is not shown", async (t) => {
  const { shown } = await open(t);
  assert.deepEqual(shown.texts("dt"), [
    ...["Status", "Kind", "Origin", "Attempts", "Retries", "First failed", "Last failed", "ID"],
  ]);
  assert.equal(shown.all("pre").length, 1);
});

test("a letter is retried, and shown as it is then", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}/*`, {}).on(`GET ${ROUTE}/*`, letter({ status: "retrying" }));
  await shown.click("Retry");
  assert.equal(service.sent(`POST ${ROUTE}/*`)[0]?.path, `${ROUTE}/L%2F1/retry`);
  assert.match(shown.one(".toasts").textContent ?? "", /The retry was sent/);
  assert.match(shown.one(".badge").textContent ?? "", /Retrying/);
});

test("a retry that is refused says why", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}/*`, () => problem(409, "Conflict", { detail: "It is resolved." }));
  await shown.click("Retry");
  assert.match(shown.one(".toasts").textContent ?? "", /It is resolved/);
});

test("a letter is discarded only after a question, and only once", async (t) => {
  const { shown, service } = await open(t);
  await shown.click("Discard…");
  await shown.click("Back");
  assert.equal(service.sent(`POST ${ROUTE}/*`).length, 0);
  await shown.click("Discard…");
  service.on(`POST ${ROUTE}/*`, {}).on(`GET ${ROUTE}/*`, letter({ status: "discarded" }));
  await shown.click("Discard");
  assert.equal(service.sent(`POST ${ROUTE}/*`)[0]?.path, `${ROUTE}/L%2F1/discard`);
  assert.equal(shown.all("dialog").length, 0);
  assert.equal(shown.button("Discard…").disabled, true);
});

test("a letter that is gone says so, and offers nothing to do", async (t) => {
  const { shown, service, clock } = await open(t);
  service.on(`GET ${ROUTE}/*`, () => problem(404, "No such dead letter"));
  await clock.wait(3000);
  assert.match(shown.one(".operator-outdated").textContent ?? "", /No such dead letter/);
});
