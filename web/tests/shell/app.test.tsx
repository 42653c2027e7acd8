import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { api, send, session as state } from "../../src/api/client.ts";
import { App } from "../../src/shell/app.tsx";
import { visit } from "../support/browser.ts";
import { type Shown, settle, show } from "../support/page.tsx";
import { type Service, problem, serve } from "../support/service.ts";

const ROUTE = "/api/v1/session";
const ADA = { name: "ada", role: "user", csrf_token: "token-a" };
const BOB = { name: "bob", role: "admin", csrf_token: "token-b" };

const later = () => new Promise(() => {});

/** The whole page at an address that is no page's, so that nothing but the frame is loaded. */
async function open(
  test: TestContext,
  { session = ADA as object | null, at = "/nowhere" } = {},
): Promise<{ shown: Shown; service: Service }> {
  visit(at);
  let current = session;
  const service = serve(test, {
    [`GET ${ROUTE}`]: () => current ?? problem(401, "Unauthorized"),
    [`POST ${ROUTE}`]: () => (current = BOB),
    "GET /api/v1/languages": later, // The first page asks for both.
    "GET /api/v1/limits": later,
    [`DELETE ${ROUTE}`]: () => new Response(null, { status: 204 }),
  });
  state.name = "";
  return { shown: await show(test, <App />), service };
}

test("whoever has no session is asked for a key, and not told that one has ended", async (t) => {
  const { shown } = await open(t, { session: null });
  assert.equal(shown.one("h1").textContent, "Sign in to Podline");
  assert.equal(shown.all("[role=status]").length, 0);
  assert.equal(document.title, "Sign in · Podline");
});

test("whoever has a session sees the frame, with the pages of their role", async (t) => {
  const { shown } = await open(t);
  assert.deepEqual(shown.texts("nav li"), ["Playground", "Executions", "Usage", "API"]);
  assert.equal(shown.one(".frame-owner").textContent, "ada");
  assert.match(shown.one("main").textContent ?? "", /There is no such page/);
  assert.equal(document.title, "Not found · Podline");
});

test("an administrator's navigation has every page", async (t) => {
  const { shown } = await open(t, { session: BOB });
  assert.deepEqual(shown.texts("nav li"), [
    ...["Playground", "Executions", "Usage", "Overview", "Dead letters", "Replays", "Events"],
    ...["Workers", "Keys", "API"],
  ]);
});

test("a page of another role says which, and loads nothing", async (t) => {
  const { shown, service } = await open(t, { at: "/keys" });
  assert.match(shown.one("main").textContent ?? "", /Keys needs the role admin/);
  assert.match(shown.one("main").textContent ?? "", /Your key has the role user/);
  assert.deepEqual(
    service.requests.map((each) => each.path),
    [ROUTE],
  );
  assert.equal(shown.all("[aria-current]").length, 0);
});

test("a key signs in; spaces around it are none of it", async (t) => {
  const { shown, service } = await open(t, { session: null });
  await shown.fill("Key", "  pdl_1\n");
  await shown.submit();
  assert.equal(service.only(`POST ${ROUTE}`).headers.get("Authorization"), "Bearer pdl_1");
  assert.equal(shown.one(".frame-owner").textContent, "bob");
});

test("a wrong key is said to be wrong, and can be corrected", async (t) => {
  const { shown, service } = await open(t, { session: null });
  service.on(`POST ${ROUTE}`, () => problem(401, "Unauthorized", { detail: "unknown key" }));
  await shown.fill("Key", "wrong");
  await shown.submit();
  assert.equal(shown.one(".field-problem").textContent, "This key is not valid.");
  assert.equal(shown.field("Key").getAttribute("aria-invalid"), "true");
  assert.equal(shown.button("Sign in").disabled, false);
});

test("a service that is away is not the key's fault", async (t) => {
  const { shown, service } = await open(t, { session: null });
  service.on(`POST ${ROUTE}`, () => problem(503, "Busy", { detail: "Redis did not respond." }));
  await shown.fill("Key", "right");
  await shown.submit();
  assert.equal(shown.one(".field-problem").textContent, "Redis did not respond.");
});

test("a link signs in whoever is nobody, and leaves the address", async (t) => {
  const { shown, service } = await open(t, { session: null, at: "/sign-in#token=t%2F1" });
  assert.equal(service.only(`POST ${ROUTE}`).headers.get("Authorization"), "Bearer t/1");
  assert.equal(location.hash, "");
  assert.equal(shown.one(".frame-owner").textContent, "bob");
});

test("a link that was used is said to be old", async (t) => {
  visit("/sign-in#token=old");
  serve(t, {
    [`GET ${ROUTE}`]: () => problem(401, "Unauthorized"),
    [`POST ${ROUTE}`]: () => problem(401, "Unauthorized"),
  });
  const shown = await show(t, <App />);
  assert.match(shown.one(".field-problem").textContent ?? "", /has been used or has expired/);
});

test("a link asks whoever is signed in first, and takes over nobody's work", async (t) => {
  const { shown, service } = await open(t, { at: "/sign-in#token=evil" });
  assert.match(shown.text, /You are signed in as ada/);
  assert.equal(service.sent(`POST ${ROUTE}`).length, 0);
  await shown.click("Stay signed in");
  assert.equal(service.sent(`POST ${ROUTE}`).length, 0);
  assert.equal(shown.one(".frame-owner").textContent, "ada");
  assert.equal(location.pathname, "/");
});

test("a link that is accepted begins its session", async (t) => {
  const { shown, service } = await open(t, { at: "/sign-in#token=mine" });
  await shown.click("Use the link");
  assert.equal(service.only(`POST ${ROUTE}`).headers.get("Authorization"), "Bearer mine");
  assert.equal(shown.one(".frame-owner").textContent, "bob");
});

test("a token in another page's address is none", async (t) => {
  const { service } = await open(t, { at: "/nowhere#token=evil" });
  assert.equal(service.sent(`POST ${ROUTE}`).length, 0);
});

test("a session that ends is said to have ended, and goes on where it was", async (t) => {
  const { shown, service } = await open(t);
  service.on("GET /api/v1/keys", () => problem(401, "Unauthorized"));
  await assert.rejects(send(api.GET("/api/v1/keys")));
  await settle();
  assert.match(shown.one("[role=status]").textContent ?? "", /Your session has ended/);
  assert.equal(location.pathname, "/nowhere");
  await shown.fill("Key", "pdl_1");
  await shown.submit();
  assert.equal(shown.one(".frame-owner").textContent, "bob");
  assert.match(shown.one("main").textContent ?? "", /There is no such page/);
});

test("signing out is no end that anybody is told of", async (t) => {
  const { shown, service } = await open(t);
  await shown.click("Sign out");
  assert.equal(service.sent(`DELETE ${ROUTE}`).length, 1);
  assert.equal(shown.one("h1").textContent, "Sign in to Podline");
  assert.equal(shown.all("[role=status]").length, 0);
});

test("if signing out fails, the page says why and stays", async (t) => {
  const { shown, service } = await open(t);
  service.on(`DELETE ${ROUTE}`, () => problem(503, "Busy", { detail: "Redis did not respond." }));
  await shown.click("Sign out");
  assert.match(shown.one(".toasts").textContent ?? "", /Redis did not respond/);
  assert.equal(shown.one(".frame-owner").textContent, "ada");
  await shown.click("Close");
  assert.equal(shown.one(".toasts").textContent, "");
});

test("when another tab signs in as somebody else, this one shows that person's page", async (t) => {
  const { shown, service } = await open(t);
  service
    .on(`GET ${ROUTE}`, BOB)
    .on("POST /api/v1/keys", () => problem(403, "Forbidden", { detail: "X-CSRF-Token" }));
  await assert.rejects(send(api.POST("/api/v1/keys", { body: {} as never })), { status: 409 });
  await settle();
  assert.equal(shown.one(".frame-owner").textContent, "bob");
});

test("an unavailable service is announced until it responds, and is asked again on demand", async (t) => {
  const { shown, service } = await open(t);
  service.on("GET /api/v1/keys", () =>
    problem(503, "MongoDB is unavailable", { detail: "It did not respond." }),
  );
  await assert.rejects(send(api.GET("/api/v1/keys")));
  await settle();
  assert.match(shown.one(".banner").textContent ?? "", /MongoDB is unavailable\. It did not resp/);
  let retries = 0;
  const retried = () => void (retries += 1);
  addEventListener("podline:retry", retried);
  t.after(() => removeEventListener("podline:retry", retried));
  await shown.click("Try again now");
  assert.equal(retries, 1);
  service.on("GET /api/v1/keys", { items: [] });
  await send(api.GET("/api/v1/keys"));
  await settle();
  assert.equal(shown.all(".banner").length, 0);
});

test("without a service, the first page says so and tries again when the network returns", async (t) => {
  visit("/nowhere");
  const service = serve(t, { [`GET ${ROUTE}`]: () => Promise.reject(new TypeError("failed")) });
  const shown = await show(t, <App />);
  assert.match(shown.text, /Can't reach the service/);
  service.on(`GET ${ROUTE}`, ADA);
  dispatchEvent(new Event("online"));
  await settle();
  assert.equal(shown.one(".frame-owner").textContent, "ada");
});

test("the theme is chosen in the frame", async (t) => {
  t.after(() => {
    localStorage.clear();
    delete document.documentElement.dataset.theme;
  });
  const { shown } = await open(t);
  await shown.fill("Theme", "dark");
  assert.equal(document.documentElement.dataset.theme, "dark");
  assert.equal(localStorage.getItem("podline.theme"), "dark");
});

test("the page of an execution is one of the executions", async (t) => {
  const { shown, service } = await open(t);
  service.on("GET /api/v1/executions/1", () => problem(404, "Not found"));
  visit("/executions/1");
  dispatchEvent(new Event("popstate"));
  await settle(40);
  assert.deepEqual(shown.texts("[aria-current]"), ["Executions"]);
  assert.equal(document.title, "Execution · Podline");
  assert.equal(document.activeElement?.id, "main");
});
