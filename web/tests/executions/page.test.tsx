import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import ExecutionsPage from "../../src/executions/page.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { useAddress } from "../../src/shell/router.ts";
import type { Role } from "../../src/shell/session.ts";
import { refuseStorage, setHidden, visit } from "../support/browser.ts";
import { type Clock, stopClock } from "../support/clock.ts";
import { type Execution, completed, execution } from "../support/examples.ts";
import { type Shown, settle, show } from "../support/page.tsx";
import { type Sent, type Service, problem, serve } from "../support/service.ts";

const ROUTE = "GET /api/v1/executions";

function Here() {
  return (
    <>
      <ExecutionsPage parameters={{}} query={useAddress().searchParams} />
      <Toasts />
    </>
  );
}

/** A service that knows these executions, newest first, and the list of them. */
class Listed {
  rows: Execution[] = [];
  next: string | null = null;
  shown!: Shown;

  constructor(
    readonly clock: Clock,
    readonly service: Service,
  ) {}

  /** What the list itself was asked for, without the refreshing of rows. */
  get asked(): Sent[] {
    return this.service.sent(ROUTE).filter((each) => !each.search.has("id"));
  }

  get refreshing(): Sent[] {
    return this.service.sent(ROUTE).filter((each) => each.search.has("id"));
  }

  get ids(): string[] {
    return this.shown.texts("tbody code");
  }

  wait(milliseconds: number): Promise<void> {
    return this.clock.wait(milliseconds);
  }
}

async function list(
  test: TestContext,
  rows: Execution[],
  { at = "/executions", role = "user" as Role, next = null as string | null } = {},
): Promise<Listed> {
  visit(at);
  const clock = stopClock(test);
  localStorage.clear();
  const service = serve(test);
  const listed = new Listed(clock, service);
  Object.assign(listed, { rows, next });
  service.on("GET /api/v1/languages", { items: [{ name: "python" }, { name: "c" }] });
  service.on(ROUTE, ({ search }: Sent) => {
    const ids = search.getAll("id");
    const items = listed.rows.filter((row) => ids.length === 0 || ids.includes(row.id));
    return { items, next_cursor: listed.next };
  });
  listed.shown = await show(test, <Here />, { role });
  return listed;
}

const ADDED = execution({ id: "01C" });
const RUNNING = execution({ id: "01B", state: "running", attempt: 1 });
const DONE = completed("wrong_output", { id: "01A", labels: { course: "cs1", team: "" } });

test("the list has a row for each execution, with what it says of it", async (t) => {
  const { shown } = await list(t, [RUNNING, DONE]);
  const rows = shown.rows();
  assert.deepEqual(rows, [
    ["", "Running", "01B", "30 min ago", "", "python 3.12", ""],
    ["", "Wrong output", "01A", "30 min ago", "", "python 3.12", "course:cs1team:"],
  ]);
  assert.equal(shown.one(".executions-pages .hint").textContent, "2 executions on this page");
});

test("without executions, the page says how to get some", async (t) => {
  const { shown } = await list(t, []);
  assert.match(shown.text, /There are no executions yet/);
  assert.equal(shown.link("Run a program in the playground").getAttribute("href"), "/");
});

test("a filter that nothing matches isn't an empty list", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?state=failed" });
  assert.match(shown.text, /No execution matches/);
});

test("the address is what the API is asked for", async (t) => {
  const at = "/executions?state=running&outcome=success&language=c&label=a:b&label=c:d&within=1h";
  const listed = await list(t, [], { at });
  const [asked] = listed.asked;
  assert.deepEqual(asked?.search.getAll("label"), ["a:b", "c:d"]);
  assert.deepEqual(asked?.query, {
    state: "running",
    outcome: "success",
    language: "c",
    label: "c:d",
    from: "2026-11-29T11:30:00.000Z",
    limit: "50",
  });
});

test("whatever the address has, the page is there", async (t) => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty", "1y"];
  for (const name of names) {
    await t.test(name, async (each) => {
      const { shown, asked } = await list(each, [DONE], { at: `/executions?within=${name}` });
      assert.equal(shown.rows().length, 1);
      assert.equal(asked[0]?.search.has("from"), false);
    });
  }
});

test("what the API refuses in an address is shown with its reason", async (t) => {
  visit("/executions?from=yesterday");
  serve(t, {
    [ROUTE]: () => problem(422, "Invalid query", { detail: "from: not a time" }),
    "GET /api/v1/languages": { items: [] },
  });
  const shown = await show(t, <Here />);
  assert.match(shown.one("[role=alert].state").textContent ?? "", /from: not a time/);
});

test("each choice is in the address at once, and asks again", async (t) => {
  const listed = await list(t, [DONE]);
  await listed.shown.fill("State", "completed");
  assert.equal(location.search, "?state=completed");
  await listed.shown.fill("Outcome", "time_limit");
  await listed.shown.fill("Language", "c");
  assert.equal(location.search, "?state=completed&outcome=time_limit&language=c");
  assert.deepEqual(listed.asked.at(-1)?.query, {
    ...{ state: "completed", outcome: "time_limit", language: "c", limit: "50" },
  });
  await listed.shown.fill("Outcome", "");
  assert.equal(location.search, "?state=completed&language=c");
  await listed.shown.click("Clear");
  assert.equal(location.search, "");
  assert.equal(listed.shown.buttons().includes("Clear"), false);
});

test("a language that the service has no more is still the filter's", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?language=algol" });
  const select = shown.field<HTMLSelectElement>("Language");
  assert.deepEqual(
    [...select.options].map((each) => each.value),
    ["", "algol", "c", "python"],
  );
  assert.equal(select.value, "algol");
});

test("a time is one of the last ones, or between two", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?within=1h" });
  await shown.fill("Submitted", "between");
  assert.equal(location.search, "");
  await shown.fill("From", "2026-11-28T10:00");
  const from = new Date("2026-11-28T10:00").toISOString();
  assert.equal(new URLSearchParams(location.search).get("from"), from);
  assert.equal(shown.field("From").value, "2026-11-28T10:00");
  await shown.fill("Submitted", "24h");
  assert.equal(location.search, "?within=24h");
});

test("what the times show is what the address has, whoever changed it", async (t) => {
  const { shown } = await list(t, [], { at: "/executions" });
  const chosen = () => shown.field<HTMLSelectElement>("Submitted").value;
  const at = async (address: string) => {
    visit(address);
    dispatchEvent(new Event("popstate"));
    await settle();
  };
  await at("/executions?from=2026-11-28T10:00:00.000Z");
  assert.equal(chosen(), "between");
  assert.notEqual(shown.field("From").value, "");
  await at("/executions?within=1h");
  assert.equal(chosen(), "1h");
  assert.equal(shown.all("input[type=datetime-local]").length, 0);
  await shown.fill("Submitted", "between");
  await shown.fill("From", "2026-11-28T10:00");
  await shown.click("Clear");
  assert.equal(chosen(), "");
});

test("labels are added once each, and removed", async (t) => {
  const { shown } = await list(t, []);
  await shown.fill("Label", "course:cs1");
  assert.equal(location.search, "?label=course%3Acs1");
  assert.equal(shown.field("Label").value, "");
  await shown.fill("Label", " course:cs1 ");
  await shown.fill("Label", "url:http://x");
  assert.deepEqual(new URLSearchParams(location.search).getAll("label"), [
    "course:cs1",
    "url:http://x",
  ]);
  await shown.click("Remove the label course:cs1");
  assert.deepEqual(new URLSearchParams(location.search).getAll("label"), ["url:http://x"]);
});

test("what is no label is said to be none, and stays to be corrected", async (t) => {
  const { shown } = await list(t, []);
  for (const text of ["course", ":cs1"]) {
    await shown.fill("Label", text);
    assert.match(shown.text, /Write name:value, such as course:cs101/);
    assert.equal(shown.field("Label").value, text);
    assert.equal(location.search, "");
  }
  await shown.fill("Label", "a:b");
  assert.doesNotMatch(shown.text, /Write name:value/);
});

test("only operators can ask for others' executions, and then see whose each is", async (t) => {
  const { shown } = await list(t, [DONE], { role: "operator" });
  assert.equal(shown.texts("th").includes("Owner"), false);
  await shown.fill("Owner", " * ");
  assert.equal(location.search, "?owner=*");
  assert.equal(shown.texts("th").includes("Owner"), true);
  assert.equal(shown.one(".executions-owner").textContent, "ada");
});

test("a user has no field for owners", async (t) => {
  const { shown } = await list(t, [DONE]);
  assert.throws(() => shown.field("Owner"));
});

test("rows that can change are asked for every 3 s, and change in place", async (t) => {
  const listed = await list(t, [RUNNING, DONE]);
  listed.rows = [completed("success", { id: "01B" }), DONE];
  await listed.wait(3000);
  assert.deepEqual(listed.refreshing[0]?.search.getAll("id"), ["01B"]);
  assert.equal(listed.shown.rows()[0]?.[1], "Success");
  assert.deepEqual(listed.ids, ["01B", "01A"]);
});

test("a row that was deleted is gone, and one that doesn't match any more stays", async (t) => {
  const listed = await list(t, [RUNNING, ADDED], { at: "/executions?state=running" });
  listed.rows = [{ ...RUNNING, state: "cancelled" }];
  await listed.wait(3000);
  assert.deepEqual(listed.ids, ["01B"]);
  assert.equal(listed.shown.rows()[0]?.[1], "Cancelled");
});

test("rows that can't change are asked for no more, and newer ones seldom", async (t) => {
  const listed = await list(t, [DONE]);
  await listed.wait(3000);
  assert.equal(listed.asked.length, 2);
  await listed.wait(9999);
  assert.equal(listed.asked.length, 2);
  await listed.wait(1);
  assert.equal(listed.asked.length, 3);
  assert.equal(listed.refreshing.length, 0);
});

test("newer executions are counted, and shown when somebody wants them", async (t) => {
  const listed = await list(t, [RUNNING, DONE]);
  listed.rows = [ADDED, RUNNING, DONE];
  await listed.wait(3000);
  assert.equal(listed.asked.at(-1)?.query.from, RUNNING.created_at);
  assert.deepEqual(listed.ids, ["01B", "01A"]);
  await listed.shown.click("Show 1 new");
  assert.deepEqual(listed.ids, ["01C", "01B", "01A"]);
  assert.equal(listed.shown.texts(".executions-fresh")[0], "");
});

test("on an older page, nobody counts newer ones", async (t) => {
  const listed = await list(t, [RUNNING], { at: "/executions?cursor=c1" });
  assert.equal(listed.asked[0]?.query.cursor, "c1");
  await listed.wait(3000);
  assert.equal(listed.asked.length, 1);
  assert.equal(listed.refreshing.length, 1);
});

test("a page that nobody sees asks for nothing", async (t) => {
  const listed = await list(t, [RUNNING]);
  setHidden(true);
  await listed.wait(3000);
  await listed.wait(3000);
  assert.equal(listed.refreshing.length, 0);
  setHidden(false);
  await listed.wait(3000);
  assert.equal(listed.refreshing.length, 1);
});

test("a refresh that fails changes nothing, and the next one may succeed", async (t) => {
  const listed = await list(t, [RUNNING]);
  listed.service.on(ROUTE, () => problem(503, "Busy"));
  await listed.wait(3000);
  assert.deepEqual(listed.ids, ["01B"]);
  listed.service.on(ROUTE, { items: [completed("success", { id: "01B" })], next_cursor: null });
  await listed.wait(3000);
  assert.equal(listed.shown.rows()[0]?.[1], "Success");
});

test("pages are links that keep the filter", async (t) => {
  const { shown } = await list(t, [DONE], {
    at: "/executions?state=failed&cursor=c1",
    next: "c/2",
  });
  const hrefs = shown.all("nav.executions-pages a").map((each) => each.getAttribute("href"));
  assert.deepEqual(hrefs, ["/executions?state=failed", "/executions?state=failed&cursor=c%2F2"]);
});

test("the first page has no newer one, and the last no older one", async (t) => {
  const { shown } = await list(t, [DONE]);
  assert.equal(shown.all("nav.executions-pages a").length, 0);
});

test("rows are selected one by one, or all of the page", async (t) => {
  const { shown } = await list(t, [RUNNING, DONE]);
  const selected = () => shown.all("tr.is-selected").length;
  await shown.tick("Select 01A");
  assert.equal(selected(), 1);
  assert.match(shown.text, /1 selected:/);
  await shown.tick("Select all on this page");
  assert.equal(selected(), 2);
  await shown.tick("Select all on this page", false);
  assert.equal(selected(), 0);
  assert.match(shown.text, /All that match:/);
});

test("a change of the filter forgets the selection", async (t) => {
  const { shown } = await list(t, [RUNNING, DONE]);
  await shown.tick("Select 01A");
  await shown.fill("State", "running");
  assert.equal(shown.all("tr.is-selected").length, 0);
});

test("keys move between rows, select and open them", async (t) => {
  const { shown } = await list(t, [ADDED, RUNNING, DONE]);
  const focused = () => (document.activeElement as HTMLElement).dataset.id;
  await shown.press(document, "j");
  assert.equal(focused(), "01C");
  await shown.press(document, "j");
  assert.equal(focused(), "01B");
  await shown.press(document, "End");
  assert.equal(focused(), "01A");
  await shown.press(document, "k");
  assert.equal(focused(), "01B");
  await shown.press(document, "x");
  assert.deepEqual(
    shown.all("tr.is-selected").map((each) => each.dataset.id),
    ["01B"],
  );
  const event = await shown.press(document, "Enter");
  assert.equal(event.defaultPrevented, true);
  assert.equal(location.pathname, "/executions/01B");
});

test("keys mean something else in a field, with Ctrl, and in a dialog", async (t) => {
  const { shown } = await list(t, [RUNNING, DONE]);
  await shown.press(shown.field("Label"), "j");
  await shown.press(document, "j", { ctrlKey: true });
  assert.equal((document.activeElement as HTMLElement).dataset.id, undefined);
  await shown.press(document, "?");
  assert.match(shown.one("dialog").textContent ?? "", /Next row/);
  await shown.press(document, "j");
  assert.equal((document.activeElement as HTMLElement).dataset.id, undefined);
  await shown.click("Close");
  assert.equal(shown.all("dialog").length, 0);
});

test("a filter is saved under a name, stays in this browser, and can be forgotten", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?state=failed&language=c" });
  await shown.click("Save this filter");
  assert.equal(shown.field("Name").value, "failed, c");
  await shown.fill("Name", " My failures ");
  await shown.submit("dialog form");
  assert.deepEqual(JSON.parse(localStorage.getItem("podline.filters.ada") ?? ""), [
    { name: "My failures", query: "state=failed&language=c" },
  ]);
  const link = shown.link("My failures");
  assert.equal(link.getAttribute("href"), "/executions?state=failed&language=c");
  assert.equal(link.getAttribute("aria-current"), "true");
  assert.equal(shown.buttons().includes("Save this filter"), false);
  await shown.fill("State", "");
  assert.equal(shown.link("My failures").hasAttribute("aria-current"), false);
  await shown.click("Forget the filter My failures");
  assert.equal(localStorage.getItem("podline.filters.ada"), "[]");
});

test("a filter without a name is not saved", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?state=failed" });
  await shown.click("Save this filter");
  await shown.fill("Name", "  ");
  await shown.submit("dialog form");
  assert.equal(localStorage.getItem("podline.filters.ada"), null);
  assert.equal(shown.all("dialog").length, 1);
});

test("a browser that stores nothing says so, and the page goes on", async (t) => {
  const { shown } = await list(t, [], { at: "/executions?state=failed" });
  t.after(refuseStorage());
  await shown.click("Save this filter");
  await shown.submit("dialog form");
  assert.equal(shown.all("dialog").length, 0);
  assert.match(shown.texts(".toast-text").at(-1) ?? "", /does not keep this filter/);
  assert.equal(shown.link("failed").getAttribute("href"), "/executions?state=failed");
});
