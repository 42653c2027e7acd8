import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { type Action, BulkDialog, type Chosen } from "../../src/executions/bulk.tsx";
import ExecutionsPage from "../../src/executions/page.tsx";
import { visit } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { completed } from "../support/examples.ts";
import { settle, show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";

const CHOSEN: Chosen = { to: "2026-11-29T12:00:00Z", state: "queued" };

interface Body {
  dry_run: boolean;
}

/** A service with so many executions that match, of which each call changes up to 200. */
function serveMany(test: TestContext, action: Action, matching: number, stuck = 0) {
  let left = matching;
  return serve(test, {
    [`POST /api/v1/executions/${action}`]: ({ body }: Sent) => {
      const done = (body as Body).dry_run ? 0 : Math.min(left - stuck, 200);
      left -= done;
      return { done, skipped: stuck, remaining: Math.min(left, 1000) };
    },
  });
}

async function ask(test: TestContext, action: Action) {
  const told = { closed: 0, done: 0 };
  const shown = await show(
    test,
    <BulkDialog
      action={action}
      chosen={CHOSEN}
      what="All that match: queued"
      onClose={() => void (told.closed += 1)}
      onDone={() => void (told.done += 1)}
    />,
  );
  return { shown, told, status: () => shown.one("[role=status]").textContent };
}

test("they are counted first, and nothing is changed", async (t) => {
  const service = serveMany(t, "cancel", 12);
  const { shown, status, told } = await ask(t, "cancel");
  assert.equal(status(), "Cancel 12 executions?");
  assert.match(shown.text, /All that match: queued/);
  assert.match(shown.text, /Only executions that have not ended can be cancelled/);
  assert.deepEqual(service.only("POST /api/v1/executions/cancel").body, {
    ...CHOSEN,
    dry_run: true,
  });
  await shown.click("Back");
  assert.deepEqual(told, { closed: 1, done: 0 });
});

test("all of them are changed, slice by slice", async (t) => {
  const service = serveMany(t, "delete", 450);
  const { shown, status, told } = await ask(t, "delete");
  await shown.click("Delete 450 executions");
  assert.equal(status(), "450 executions deleted.");
  const bodies = service.sent("POST /api/v1/executions/delete").map((each) => each.body as Body);
  assert.deepEqual(
    bodies.map((each) => each.dry_run),
    [true, false, false, false],
  );
  assert.equal(told.done, 1);
  await shown.click("Close");
  assert.equal(told.closed, 1);
});

test("one is not many", async (t) => {
  serveMany(t, "retry", 1);
  const { shown, status } = await ask(t, "retry");
  assert.equal(status(), "Retry 1 execution?");
  await shown.click("Retry 1 execution");
  assert.equal(status(), "1 execution retried.");
});

test("the API counts up to a thousand, and all the others are changed, too", async (t) => {
  serveMany(t, "cancel", 1500);
  const { shown, status } = await ask(t, "cancel");
  assert.equal(status(), "Cancel at least 1,000 executions?");
  await shown.click("Cancel at least 1,000 executions");
  assert.equal(status(), "1,500 executions cancelled.");
});

test("nothing is nothing to do", async (t) => {
  serveMany(t, "retry", 0);
  const { shown, status } = await ask(t, "retry");
  assert.equal(status(), "There is nothing to retry.");
  assert.deepEqual(shown.buttons(), ["Back"]);
});

test("those that can't be changed are counted", async (t) => {
  serveMany(t, "cancel", 5, 2);
  const { shown, status } = await ask(t, "cancel");
  await shown.click("Cancel 5 executions");
  assert.equal(
    status(),
    "3 executions cancelled. 2 executions changed at the same time, or can't be.",
  );
});

test("a count that fails offers nothing to do", async (t) => {
  serve(t, {
    "POST /api/v1/executions/cancel": () => problem(422, "Invalid", { detail: "/from: no time" }),
  });
  const { shown } = await ask(t, "cancel");
  assert.match(shown.one("[role=alert]").textContent ?? "", /\/from: no time/);
  assert.deepEqual(shown.buttons(), ["Close"]);
});

test("if it fails midway, what was done before is said", async (t) => {
  let calls = 0;
  serve(t, {
    "POST /api/v1/executions/delete": () => {
      calls += 1;
      if (calls === 1) return { done: 0, skipped: 0, remaining: 300 };
      if (calls === 2) return { done: 200, skipped: 0, remaining: 100 };
      return problem(503, "Busy", { detail: "MongoDB did not respond." });
    },
  });
  const { shown, told } = await ask(t, "delete");
  await shown.click("Delete 300 executions");
  assert.match(
    shown.one("[role=alert]").textContent ?? "",
    /MongoDB did not respond\. 200 executions deleted before\./,
  );
  assert.equal(told.done, 1);
});

test("progress is shown while it works", async (t) => {
  let go = () => {};
  let calls = 0;
  serve(t, {
    "POST /api/v1/executions/delete": () => {
      calls += 1;
      if (calls === 1) return { done: 0, skipped: 0, remaining: 300 };
      if (calls === 2) return { done: 200, skipped: 0, remaining: 100 };
      return new Promise((resolve) => {
        go = () => resolve({ done: 100, skipped: 0, remaining: 0 });
      });
    },
  });
  const { shown, status } = await ask(t, "delete");
  await shown.click("Delete 300 executions");
  assert.equal(status(), "200 of 300 executions deleted…");
  assert.equal(shown.one<HTMLProgressElement>("progress").value, 200);
  go();
  await settle();
  assert.equal(status(), "300 executions deleted.");
  assert.equal(shown.all("progress").length, 0);
});

/** The list, from which a bulk call is begun: what it selects. */
async function begin(test: TestContext, at: string, selected: string[]): Promise<unknown> {
  visit(at);
  stopClock(test);
  const service = serve(test, {
    "GET /api/v1/languages": { items: [] },
    "GET /api/v1/executions": {
      items: [completed("success"), completed("success", { id: "01B" })],
      next_cursor: null,
    },
    "POST /api/v1/executions/cancel": { done: 0, skipped: 0, remaining: 2 },
  });
  const query = new URLSearchParams(location.search);
  const shown = await show(test, <ExecutionsPage parameters={{}} query={query} />);
  for (const id of selected) await shown.tick(`Select ${id}`);
  await shown.click("Cancel");
  return service.only("POST /api/v1/executions/cancel").body;
}

const NOW = "2026-11-29T12:30:00.000Z";

test("without a selection, it is all that match and were submitted until now", async (t) => {
  assert.deepEqual(await begin(t, "/executions?state=queued&label=a:b", []), {
    ...{ dry_run: true, state: "queued", label: ["a:b"], to: NOW },
  });
});

test("the filter's own end is earlier than now", async (t) => {
  assert.deepEqual(await begin(t, "/executions?to=2026-11-01T00:00:00.000Z", []), {
    ...{ dry_run: true, to: "2026-11-01T00:00:00.000Z" },
  });
});

test("a selection is its ids, whatever the filter is", async (t) => {
  assert.deepEqual(await begin(t, "/executions?state=queued", ["01A", "01B"]), {
    ...{ dry_run: true, id: ["01A", "01B"], to: NOW },
  });
});

test("of others' executions, the owner is said as well", async (t) => {
  assert.deepEqual(await begin(t, "/executions?owner=*", ["01A"]), {
    ...{ dry_run: true, id: ["01A"], owner: "*", to: NOW },
  });
});
