import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import UsagePage from "../../src/operator/usage.tsx";
import { useAddress } from "../../src/shell/router.ts";
import type { Role } from "../../src/shell/session.ts";
import { visit } from "../support/browser.ts";
import { show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";

const ROUTE = "GET /api/v1/usage";

function day(day: string, more: object = {}): object {
  return { day, owner: null, executions: 1, cpu_seconds: 0.5, stored_bytes: 1024, ...more };
}

function Here() {
  return <UsagePage parameters={{}} query={useAddress().searchParams} />;
}

async function open(
  t: TestContext,
  items: object[] | ((sent: Sent) => unknown),
  { at = "/usage", role = "user" as Role } = {},
) {
  visit(at);
  const service = serve(t, { [ROUTE]: typeof items === "function" ? items : { items } });
  return { service, shown: await show(t, <Here />, { role }) };
}

test("a user's days are listed, the newest first, below their sum", async (t) => {
  const { shown, service } = await open(t, [
    day("2026-11-28"),
    day("2026-11-29", { executions: 1500, cpu_seconds: 90, stored_bytes: 3 * 1024 ** 2 }),
  ]);
  assert.deepEqual(service.only(ROUTE).query, {});
  assert.deepEqual(shown.rows(), [
    ["2026-11-29", "1,500", "1 min 30 s", "3 MiB"],
    ["2026-11-28", "1", "500 ms", "1 KiB"],
  ]);
  assert.deepEqual(shown.texts(".operator-tile"), [
    "Executions1,501",
    "CPU time1 min 31 s",
    "Stored3 MiB",
  ]);
});

test("a user is asked for no owner, and sees none", async (t) => {
  const { shown } = await open(t, [day("2026-11-29", { owner: null })]);
  assert.equal(shown.all("[name=owner]").length, 0);
  assert.deepEqual(shown.texts("th"), ["Day (UTC)", "Executions", "CPU time", "Stored"]);
  assert.equal(shown.all("a").length, 0);
});

test("days without use have nothing to sum up", async (t) => {
  const { shown } = await open(t, []);
  assert.match(shown.text, /Nothing was used on these days/);
  assert.equal(shown.all(".operator-tile").length, 0);
});

test("the days are in the address, and are asked for again when they change", async (t) => {
  const { shown, service } = await open(t, [], { at: "/usage?from=2026-11-01" });
  assert.deepEqual(service.only(ROUTE).query, { from: "2026-11-01" });
  assert.equal(shown.field("First day (UTC)").value, "2026-11-01");
  await shown.fill("First day (UTC)", "");
  await shown.fill("Last day (UTC)", "2026-11-30");
  await shown.submit();
  assert.equal(location.search, "?to=2026-11-30");
  assert.deepEqual(service.sent(ROUTE).at(-1)?.query, { to: "2026-11-30" });
});

test("operators ask for anybody's, and each owner leads to their days", async (t) => {
  const { shown, service } = await open(
    t,
    [day("2026-11-29", { owner: "bob & co" }), day("2026-11-29", { owner: "ada" })],
    { at: "/usage?from=2026-11-01&owner=*", role: "operator" },
  );
  assert.deepEqual(service.only(ROUTE).query, { from: "2026-11-01", owner: "*" });
  assert.deepEqual(
    shown.all("tbody a").map((each) => each.getAttribute("href")),
    ["/usage?owner=ada", "/usage?owner=bob+%26+co"],
  );
  assert.equal(shown.all("a.button").length, 0); // All owners are shown already.
  await shown.fill("Owner", " bob ");
  await shown.submit();
  assert.equal(location.search, "?from=2026-11-01&owner=bob");
});

test("from one's own days, all owners' are a link that keeps the days", async (t) => {
  const { shown } = await open(t, [], { at: "/usage?to=2026-11-30", role: "admin" });
  assert.equal(shown.link("All owners").getAttribute("href"), "/usage?to=2026-11-30&owner=*");
});

test("what the API refuses is said with its reason", async (t) => {
  const refused = () => problem(422, "Invalid", { detail: "`from` must be a day." });
  const { shown } = await open(t, refused, { at: "/usage?from=yesterday" });
  assert.match(shown.one(".state-failed").textContent ?? "", /`from` must be a day/);
});

test("a year of a hundred owners is shown bit by bit", async (t) => {
  const many = Array.from({ length: 600 }, (_, n) =>
    day("2026-11-29", { owner: `owner-${n}`, executions: 1 }),
  );
  const { shown } = await open(t, many, { at: "/usage?owner=*", role: "operator" });
  assert.equal(shown.rows().length, 250);
  assert.match(shown.texts(".operator-tile")[0] ?? "", /600/); // The sum is of all.
  await shown.click("Show more: 350 are left");
  await shown.click("Show more: 100 are left");
  assert.equal(shown.rows().length, 600);
  assert.equal(shown.all(".table-more").length, 0);
});
