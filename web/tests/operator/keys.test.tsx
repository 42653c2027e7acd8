import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import KeysPage from "../../src/operator/keys.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { show } from "../support/page.tsx";
import { json, problem, serve } from "../support/service.ts";

const ROUTE = "/api/v1/keys";

function key(more: object = {}) {
  return {
    id: "k1",
    name: "ada",
    role: "user",
    door: null,
    max_unfinished: null,
    requests: null,
    cpu_day: null,
    created_at: "2026-11-29T12:00:00Z",
    ...more,
  };
}

async function open(test: TestContext, items: object[] = [key()]) {
  const service = serve(test, { [`GET ${ROUTE}`]: { items } });
  const page = (
    <>
      <KeysPage />
      <Toasts />
    </>
  );
  return { service, shown: await show(test, page, { role: "admin" }) };
}

test("keys are listed, the newest first, with their limits", async (t) => {
  const { shown } = await open(t, [
    key(),
    key({ id: "k2", name: "bob", role: "admin", door: "judge0", max_unfinished: 2000 }),
    key({ id: "k3", requests: "10/s", cpu_day: 0 }),
  ]);
  const rows = shown.rows().map((row) => [...row.slice(0, 6), row[7]]);
  assert.deepEqual(rows, [
    ["ada", "user", "everything", "–", "10/s", "0", "k3"],
    ["bob", "admin", "only the door judge0", "2,000", "–", "–", "k2"],
    ["ada", "user", "everything", "–", "–", "–", "k1"],
  ]);
});

test("a new key has what was filled in, and is shown once", async (t) => {
  const { shown, service } = await open(t);
  const made = { name: "eve", key: "pdl_secret", callback_secret: "cb_secret" };
  service.on(`POST ${ROUTE}`, () => json(made, 201));
  await shown.click("Create a key…");
  await shown.fill("Name", " eve ");
  await shown.fill("Role", "operator");
  await shown.fill("Opens", "tools");
  await shown.fill("Unfinished executions", "5");
  await shown.fill("Requests", "10/s");
  await shown.fill("CPU seconds per day", "1.5");
  await shown.submit("dialog form");
  assert.deepEqual(service.only(`POST ${ROUTE}`).body, {
    name: "eve",
    role: "operator",
    door: "tools",
    max_unfinished: 5,
    requests: "10/s",
    cpu_day: 1.5,
  });
  assert.equal(shown.all("dialog").length, 0);
  assert.match(shown.one("#shown-once").textContent ?? "", /The new key of eve/);
  assert.deepEqual(shown.texts(".operator-secret code"), ["pdl_secret", "cb_secret"]);
  assert.equal(service.sent(`GET ${ROUTE}`).length, 2);
  await shown.click("Close");
  assert.doesNotMatch(shown.text, /_secret/);
});

test("what is empty is as in the settings", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}`, { name: "eve", key: "pdl_1", callback_secret: null });
  await shown.click("Create a key…");
  await shown.fill("Name", "eve");
  await shown.submit("dialog form");
  assert.deepEqual(service.only(`POST ${ROUTE}`).body, {
    ...{ name: "eve", role: "user", door: null },
    ...{ max_unfinished: null, requests: null, cpu_day: null },
  });
  assert.deepEqual(shown.texts(".operator-secret code"), ["pdl_1"]);
});

test("what is wrong with a new key is said beside its field", async (t) => {
  const { shown, service } = await open(t);
  const errors = [{ pointer: "/requests", detail: "must be like 10/s" }];
  service.on(`POST ${ROUTE}`, () => problem(422, "Invalid", { detail: "1 error", errors }));
  await shown.click("Create a key…");
  await shown.fill("Requests", "10 per s");
  await shown.submit("dialog form");
  const field = shown.field("Requests");
  assert.equal(field.getAttribute("aria-invalid"), "true");
  assert.match(field.closest(".field")?.textContent ?? "", /must be like 10\/s/);
  assert.equal(field.value, "10 per s");
  assert.equal(shown.button("Create").disabled, false);
});

test("a service that is away is no field's fault", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}`, () => problem(503, "Busy", { detail: "MongoDB is away." }));
  await shown.click("Create a key…");
  await shown.submit("dialog form");
  assert.deepEqual(shown.texts("form > .field-problem"), ["MongoDB is away."]);
});

test("a key is deleted after a question that names its owner", async (t) => {
  const { shown, service } = await open(t, [key(), key({ id: "k2", name: "bob" })]);
  service.on(`DELETE ${ROUTE}/*`, () => new Response(null, { status: 204 }));
  await shown.click("Delete… bob");
  assert.match(shown.one("dialog h2").textContent ?? "", /Delete the key of bob/);
  service.on(`GET ${ROUTE}`, { items: [key()] });
  await shown.click("Delete");
  assert.equal(service.sent(`DELETE ${ROUTE}/*`)[0]?.path, `${ROUTE}/k2`);
  assert.match(shown.one(".toasts").textContent ?? "", /The key of bob was deleted/);
  assert.equal(shown.rows().length, 1);
});

test("a key that can't be deleted stays, with the reason", async (t) => {
  const { shown, service } = await open(t);
  service.on(`DELETE ${ROUTE}/*`, () => problem(409, "Conflict", { detail: "The last admin." }));
  await shown.click("Delete… ada");
  await shown.click("Delete");
  assert.match(shown.one("dialog [role=alert]").textContent ?? "", /The last admin/);
  await shown.click("Back");
  assert.equal(shown.all("dialog").length, 0);
});

test("a callback secret is rotated, and both are valid for a while", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}/k1/rotate-secret`, {
    callback_secret: "cb_2",
    previous_valid_until: "2026-11-30T12:00:00Z",
  });
  await shown.click("Rotate secret… of ada");
  await shown.click("Rotate");
  assert.match(shown.one("#shown-once").textContent ?? "", /new callback secret of ada/);
  assert.deepEqual(shown.texts(".operator-secret code"), ["cb_2"]);
  assert.match(shown.text, /The previous secret signs too until 2026-11-30T12:00:00Z/);
});

test("secrets are forgotten when the page is left", async (t) => {
  const { shown, service } = await open(t);
  service.on(`POST ${ROUTE}`, { name: "eve", key: "pdl_secret", callback_secret: null });
  await shown.click("Create a key…");
  await shown.submit("dialog form");
  await shown.render(null);
  await shown.render(<KeysPage />);
  assert.doesNotMatch(shown.text, /pdl_secret/);
});

test("without keys, the list says so", async (t) => {
  const { shown } = await open(t, []);
  assert.match(shown.text, /There are no keys/);
});
