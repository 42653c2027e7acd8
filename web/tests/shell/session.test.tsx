import assert from "node:assert/strict";
import test from "node:test";
import { session as state } from "../../src/api/client.ts";
import {
  type Role,
  includes,
  resumed,
  signIn,
  signOut,
  signedIn,
  useSession,
} from "../../src/shell/session.ts";
import { sessionOf, show, until } from "../support/page.tsx";
import { problem, serve } from "../support/service.ts";

const ROUTE = "/api/v1/session";
const NEVER = new AbortController().signal;
const BOB = { name: "bob", role: "operator", csrf_token: "token-b" };

test("each role includes those below it", () => {
  const roles: Role[] = ["user", "operator", "admin"];
  for (const [own, role] of roles.entries()) {
    for (const [needed, other] of roles.entries()) {
      assert.equal(includes(sessionOf(role), other), own >= needed, `${role} ${other}`);
    }
  }
});

test("a role of a newer service includes what a user's does", () => {
  assert.equal(includes(sessionOf("auditor" as Role), "user"), true);
  assert.equal(includes(sessionOf("auditor" as Role), "operator"), false);
});

test("a session is resumed with its name and its token", async (t) => {
  serve(t, { [`GET ${ROUTE}`]: BOB });
  assert.deepEqual(await resumed.take(NEVER), BOB);
  assert.deepEqual([state.name, state.csrfToken], ["bob", "token-b"]);
});

test("without a session, nothing is resumed, and the old name stays for the next sign-in", async (t) => {
  serve(t, { [`GET ${ROUTE}`]: () => problem(401, "Unauthorized") });
  await assert.rejects(resumed.take(NEVER), { status: 401 });
  assert.equal(state.name, "ada");
});

test("who is signed in is a name, or nobody, also without a service", async (t) => {
  const service = serve(t, { [`GET ${ROUTE}`]: BOB });
  assert.equal(await signedIn(), "bob");
  service.on(`GET ${ROUTE}`, () => problem(401, "Unauthorized"));
  assert.equal(await signedIn(), null);
  service.on(`GET ${ROUTE}`, () => Promise.reject(new TypeError("fetch failed")));
  assert.equal(await signedIn(), null);
  assert.equal(state.name, "ada");
});

test("a key is sent once, in a header", async (t) => {
  const service = serve(t, { [`POST ${ROUTE}`]: BOB });
  await signIn("pdl_secret");
  const sent = service.only(`POST ${ROUTE}`);
  assert.equal(sent.headers.get("Authorization"), "Bearer pdl_secret");
  assert.equal(sent.body, "");
  assert.equal(state.csrfToken, "token-b");
});

test("a key that is refused begins nothing", async (t) => {
  serve(t, { [`POST ${ROUTE}`]: () => problem(401, "Unauthorized") });
  await assert.rejects(signIn("wrong"), { status: 401 });
  assert.deepEqual([state.name, state.csrfToken], ["ada", "token-1"]);
});

test("signing out ends the session that there is, also one of another tab", async (t) => {
  const service = serve(t, {
    [`GET ${ROUTE}`]: BOB,
    [`DELETE ${ROUTE}`]: () => new Response(null, { status: 204 }),
  });
  await signOut();
  assert.equal(service.only(`DELETE ${ROUTE}`).headers.get("X-CSRF-Token"), "token-b");
  assert.deepEqual([state.name, state.csrfToken], ["", ""]);
});

test("whoever can't sign out is still signed in", async (t) => {
  serve(t, {
    [`GET ${ROUTE}`]: BOB,
    [`DELETE ${ROUTE}`]: () => problem(503, "Redis is unavailable"),
  });
  await assert.rejects(signOut(), { status: 503 });
  assert.equal(state.name, "bob");
});

test("a page knows whose session it is in", async (t) => {
  const Name = () => <p>{useSession().name}</p>;
  const shown = await show(t, <Name />, { name: "eve" });
  assert.equal(shown.text, "eve");
});

test("other tabs hear that a session begins and ends here", async (t) => {
  serve(t, {
    [`GET ${ROUTE}`]: BOB,
    [`POST ${ROUTE}`]: BOB,
    [`DELETE ${ROUTE}`]: () => new Response(null, { status: 204 }),
  });
  const heard: unknown[] = [];
  const tab = new BroadcastChannel("podline.session");
  t.after(() => tab.close());
  tab.onmessage = () => void heard.push("changed");
  await signIn("pdl_1");
  await until(() => heard.length === 1);
  await signOut();
  await until(() => heard.length === 2);
});

test("a session that another tab begins or ends is looked at again here", async (t) => {
  serve(t);
  let changes = 0;
  state.changed = () => void (changes += 1);
  const tab = new BroadcastChannel("podline.session");
  t.after(() => tab.close());
  tab.postMessage(null);
  await until(() => changes === 1);
});
