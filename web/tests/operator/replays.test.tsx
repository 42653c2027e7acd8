import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import ReplayPage from "../../src/operator/replay.tsx";
import ReplaysPage from "../../src/operator/replays.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { stopClock } from "../support/clock.ts";
import { show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";

const ROUTE = "/api/v1/replays";

function replay(more: object = {}) {
  return {
    id: "R1",
    mode: "resubmit",
    status: "pending",
    dry_run: true,
    matched: {},
    skipped: {},
    done: 0,
    error: null,
    target: null,
    from: null,
    to: null,
    types: [],
    executions: [],
    requested_by: "ada",
    created_at: "2026-11-29T12:00:00Z",
    ended_at: null,
    ...more,
  };
}

async function open(test: TestContext, items: object[] = []) {
  const clock = stopClock(test);
  const service = serve(test, { [`GET ${ROUTE}`]: { items, next_cursor: null } });
  const page = (
    <>
      <ReplaysPage />
      <Toasts />
    </>
  );
  const shown = await show(test, page, { role: "operator" });
  return { clock, service, shown };
}

test("each replay says what it found and did", async (t) => {
  const { shown } = await open(t, [
    replay({
      status: "completed",
      dry_run: false,
      matched: { "podline.execution.completed.v1": 1000, "podline.execution.failed.v1": 5 },
      done: 1004,
      skipped: { deleted: 1 },
    }),
    replay({ id: "R0", mode: "rebuild", status: "failed" }),
  ]);
  assert.deepEqual(shown.rows(), [
    ["R1", "Resubmit", "Completed", "1,005", "1,004", "1", "ada", "30 min ago"],
    ["R0", "Rebuild", "Failed (dry run)", "0", "0", "0", "ada", "30 min ago"],
  ]);
});

test("a replay starts only after a dry run of the same", async (t) => {
  const { shown, service, clock } = await open(t);
  const sent: unknown[] = [];
  service.on(`POST ${ROUTE}`, ({ body }: Sent) => {
    sent.push(body);
    return { id: `R${sent.length}` };
  });
  service.on(`GET ${ROUTE}/R1`, replay());
  assert.equal(shown.button("Start the replay…").disabled, true);
  await shown.fill("From", "2026-11-28T10:00:05");
  await shown.fill("Until", "2026-11-28T11:00");
  await shown.fill("Executions", "01A, 01B\n01A");
  await shown.tick("Completed");
  await shown.submit(".operator-form");
  const request = {
    mode: "resubmit",
    from: new Date("2026-11-28T10:00:05").toISOString(),
    to: new Date("2026-11-28T11:00").toISOString(),
    types: ["podline.execution.completed.v1"],
    executions: ["01A", "01B"],
    target: null,
  };
  assert.deepEqual(sent, [{ ...request, dry_run: true }]);
  assert.match(shown.one(".operator-form").textContent ?? "", /Pending \(dry run\)/);
  const matched = { "podline.execution.completed.v1": 2 };
  service.on(`GET ${ROUTE}/R1`, replay({ status: "completed", matched, done: 2 }));
  await clock.wait(1000);
  assert.match(shown.one(".operator-form").textContent ?? "", /Completed 2.*Would do2/);
  await shown.click("Start the replay…");
  await shown.click("Start");
  assert.deepEqual(sent[1], { ...request, dry_run: false });
  assert.match(shown.one(".toasts").textContent ?? "", /The replay has started/);
  assert.equal(shown.button("Start the replay…").disabled, true);
});

test("what is changed after a dry run needs another one", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}`, { id: "R1" }).on(`GET ${ROUTE}/R1`, replay());
  await shown.submit(".operator-form");
  assert.equal(shown.button("Start the replay…").disabled, false);
  await shown.fill("Executions", "01A");
  assert.equal(shown.button("Start the replay…").disabled, true);
});

test("a second dry run is followed to its end, like the first", async (t) => {
  const { shown, service, clock } = await open(t);
  let made = 0;
  service.on(`POST ${ROUTE}`, () => ({ id: `R${++made}` }));
  service.on(`GET ${ROUTE}/R1`, replay({ status: "completed", done: 1 }));
  await shown.submit(".operator-form");
  service.on(`GET ${ROUTE}/R2`, replay({ id: "R2" }));
  await shown.submit(".operator-form");
  assert.match(shown.one(".operator-form").textContent ?? "", /Pending/);
  service.on(`GET ${ROUTE}/R2`, replay({ id: "R2", status: "completed", done: 7 }));
  await clock.wait(1000);
  assert.match(shown.one(".operator-form").textContent ?? "", /Would do7/);
});

test("each mode has the fields that it takes, and sends no others", async (t) => {
  const { shown, service } = await open(t);
  const fields = () => [
    shown.all("input[name=target]").length,
    shown.all("input[name=types]").length > 0,
  ];
  assert.deepEqual(fields(), [0, true]);
  await shown.fill("Mode", "reemit");
  assert.deepEqual(fields(), [1, true]);
  await shown.fill("Target", " copies ");
  await shown.fill("Mode", "rebuild");
  assert.deepEqual(fields(), [1, false]);
  service.on(`POST ${ROUTE}`, { id: "R1" }).on(`GET ${ROUTE}/R1`, replay());
  await shown.submit(".operator-form");
  assert.deepEqual(service.only(`POST ${ROUTE}`).body, {
    ...{ mode: "rebuild", from: null, to: null, types: [], executions: [] },
    ...{ target: "copies", dry_run: true },
  });
});

test("what is wrong is said beside its field, and the rest below", async (t) => {
  const { shown, service } = await open(t);
  const errors = [
    { pointer: "/executions/1", detail: "not an id" },
    { pointer: "/colour", detail: "unknown" },
  ];
  service.on(`POST ${ROUTE}`, () => problem(422, "Invalid", { detail: "2 errors", errors }));
  await shown.submit(".operator-form");
  const described = shown.field("Executions").getAttribute("aria-describedby") ?? "";
  const beside = document.getElementById(described.split(" ")[1] ?? "");
  assert.equal(beside?.textContent, "not an id");
  assert.deepEqual(shown.texts("form > .field-problem"), ["colour: unknown"]);
  assert.equal(shown.button("Start the replay…").disabled, true);
});

test("a start that fails stays a question, with the reason", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}`, { id: "R1" }).on(`GET ${ROUTE}/R1`, replay());
  await shown.submit(".operator-form");
  await shown.click("Start the replay…");
  service.on(`POST ${ROUTE}`, () => problem(409, "Conflict", { detail: "Another one runs." }));
  await shown.click("Start");
  assert.match(shown.one("dialog [role=alert]").textContent ?? "", /Another one runs/);
  assert.equal(shown.button("Start").disabled, false);
});

test("a replay is asked for every second until it has ended, and can be cancelled", async (t) => {
  const clock = stopClock(t);
  const running = replay({ status: "running", dry_run: false, executions: ["01A", "01B"] });
  const service = serve(t, { [`GET ${ROUTE}/R1`]: running });
  const page = <ReplayPage parameters={{ id: "R1" }} query={new URLSearchParams()} />;
  const shown = await show(t, page, { role: "operator" });
  await clock.wait(1000);
  assert.equal(service.requests.length, 2);
  assert.deepEqual(
    shown.all("dd a").map((each) => each.getAttribute("href")),
    ["/executions/01A", "/executions/01B"],
  );
  const ended = replay({ status: "cancelled", dry_run: false, error: "cancelled by ada" });
  service.on(`POST ${ROUTE}/R1/cancel`, {}).on(`GET ${ROUTE}/R1`, ended);
  await shown.click("Cancel the replay");
  assert.match(shown.text, /cancelled by ada/);
  assert.deepEqual(shown.buttons(), []);
  await clock.wait(1000);
  const before = service.requests.length;
  await clock.wait(60_000);
  assert.equal(service.requests.length, before);
});
