import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { api, open, send, session } from "../../src/api/client.ts";
import { Problem, UNREACHABLE } from "../../src/api/problem.ts";
import { trouble } from "../../src/api/trouble.ts";
import { json, problem, serve } from "../support/service.ts";

const SESSION = "GET /api/v1/session";
const KEYS = "/api/v1/keys";
const REFUSED_TOKEN = { detail: "The header X-CSRF-Token is missing or wrong." };

/** The problem that this throws. */
async function thrown(made: Promise<unknown>): Promise<Problem> {
  const error: unknown = await made.then(
    () => assert.fail("nothing was thrown"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Problem, String(error));
  return error;
}

function make(): Promise<unknown> {
  return send(api.POST(KEYS, { body: { name: "bob" } as never }));
}

/** A service that only accepts requests with one token, whose owner is who is signed in. */
function serveToken(test: TestContext, token: string, name = "ada") {
  return serve(test, {
    [SESSION]: () => json({ name, csrf_token: token }),
    [`POST ${KEYS}`]: (sent) =>
      sent.headers.get("X-CSRF-Token") === token
        ? json({ id: "1" }, 201)
        : problem(403, "Forbidden", REFUSED_TOKEN),
  });
}

test("what changes something carries the session's token, and what reads does not", async (t) => {
  const service = serve(t, { [`GET ${KEYS}`]: { items: [] }, [`POST ${KEYS}`]: { id: "1" } });
  await send(api.GET(KEYS));
  await make();
  assert.equal(service.only(`GET ${KEYS}`).headers.has("X-CSRF-Token"), false);
  assert.equal(service.only(`POST ${KEYS}`).headers.get("X-CSRF-Token"), "token-1");
  assert.deepEqual(service.only(`POST ${KEYS}`).body, { name: "bob" });
});

test("a deletion carries the token, and has no body to read", async (t) => {
  const service = serve(t, { [`DELETE ${KEYS}/1`]: () => new Response(null, { status: 204 }) });
  const parameters = { params: { path: { key_id: "1" } } };
  await send(api.DELETE("/api/v1/keys/{key_id}", parameters as never));
  assert.equal(service.only(`DELETE ${KEYS}/1`).headers.get("X-CSRF-Token"), "token-1");
});

test("a token of an older session is renewed, and the same request sent again", async (t) => {
  const service = serveToken(t, "token-2");
  assert.deepEqual(await make(), { id: "1" });
  const sent = service.sent(`POST ${KEYS}`);
  assert.deepEqual(
    sent.map((each) => each.headers.get("X-CSRF-Token")),
    ["token-1", "token-2"],
  );
  assert.deepEqual(sent[1]?.body, { name: "bob" });
  assert.equal(session.csrfToken, "token-2");
  await make();
  assert.equal(service.sent(SESSION).length, 1);
});

test("nothing is sent in the name of somebody who signed in elsewhere", async (t) => {
  const service = serveToken(t, "token-2", "bob");
  let changes = 0;
  session.changed = () => void (changes += 1);
  const error = await thrown(make());
  assert.equal(error.status, 409);
  assert.match(error.detail, /signed in as bob/);
  assert.equal(service.sent(`POST ${KEYS}`).length, 1);
  assert.equal(changes, 1);
  assert.equal(session.csrfToken, "token-1");
});

test("if the token was the newest one, the refusal is final", async (t) => {
  const service = serve(t, {
    [SESSION]: { name: "ada", csrf_token: "token-1" },
    [`POST ${KEYS}`]: () => problem(403, "Forbidden", REFUSED_TOKEN),
  });
  const error = await thrown(make());
  assert.equal(error.status, 403);
  assert.equal(error.message, REFUSED_TOKEN.detail);
  assert.equal(service.sent(`POST ${KEYS}`).length, 1);
});

test("a token that is renewed and refused again is not renewed for ever", async (t) => {
  let tokens = 1;
  const service = serve(t, {
    [SESSION]: () => json({ name: "ada", csrf_token: `token-${++tokens}` }),
    [`POST ${KEYS}`]: () => problem(403, "Forbidden", REFUSED_TOKEN),
  });
  assert.equal((await thrown(make())).status, 403);
  assert.equal(service.sent(`POST ${KEYS}`).length, 2);
});

test("without a session, a refused token stays what it was", async (t) => {
  const service = serve(t, {
    [SESSION]: () => problem(401, "Unauthorized"),
    [`POST ${KEYS}`]: () => problem(403, "Forbidden", REFUSED_TOKEN),
  });
  assert.equal((await thrown(make())).status, 403);
  assert.equal(service.sent(`POST ${KEYS}`).length, 1);
  assert.equal(session.csrfToken, "token-1");
});

test("another reason for a 403 is no reason to ask for the session", async (t) => {
  const service = serve(t, {
    [`POST ${KEYS}`]: () => problem(403, "Forbidden", { detail: "It needs the role admin." }),
  });
  assert.equal((await thrown(make())).message, "It needs the role admin.");
  assert.equal(service.requests.length, 1);
});

test("a problem has the fields that were wrong", async (t) => {
  const errors = [{ pointer: "/name", detail: "must not be empty" }];
  serve(t, { [`POST ${KEYS}`]: () => problem(422, "Invalid", { detail: "Wrong.", errors }) });
  const error = await thrown(make());
  assert.deepEqual(error.fields, errors);
  assert.equal(error.isTemporary, false);
});

test("what a proxy answers is a problem with its status", async (t) => {
  const html = () =>
    new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" });
  serve(t, { [`GET ${KEYS}`]: html, "GET /raw": html });
  for (const made of [send(api.GET(KEYS)), open("/raw")]) {
    const error = await thrown(made);
    assert.deepEqual([error.status, error.message], [502, "Bad Gateway"]);
  }
});

test("the shell hears that the session has ended", async (t) => {
  serve(t, {
    [`GET ${KEYS}`]: () => problem(401, "Unauthorized"),
    "GET /raw": () => problem(401, "Unauthorized"),
  });
  let ends = 0;
  session.ended = () => void (ends += 1);
  assert.equal((await thrown(send(api.GET(KEYS)))).status, 401);
  assert.equal((await thrown(open("/raw"))).status, 401);
  assert.equal(ends, 2);
});

test("the shell hears of an unavailable service, until a request succeeds", async (t) => {
  const heard: (string | undefined)[] = [];
  t.after(trouble.subscribe((each) => void heard.push(each?.title)));
  const service = serve(t, { [`GET ${KEYS}`]: () => problem(503, "Redis is unavailable") });
  assert.equal((await thrown(send(api.GET(KEYS)))).isTemporary, true);
  assert.equal(trouble.current?.title, "Redis is unavailable");
  service.on(`GET ${KEYS}`, { items: [] });
  await send(api.GET(KEYS));
  assert.equal(trouble.current, null);
  assert.deepEqual(heard, ["Redis is unavailable", undefined]);
});

test("while every request fails, nobody hears that all is well", async (t) => {
  const heard: (number | undefined)[] = [];
  t.after(trouble.subscribe((each) => void heard.push(each?.status)));
  const service = serve(t, {});
  for (const status of [503, 502, 504]) {
    service.on(`GET ${KEYS}`, () => problem(status, "Busy"));
    await thrown(send(api.GET(KEYS)));
  }
  assert.deepEqual(heard, [503, 502, 504]);
});

test("a fault of the service is no reason to say that it is away", async (t) => {
  serve(t, { [`GET ${KEYS}`]: () => problem(500, "Internal error") });
  assert.equal((await thrown(send(api.GET(KEYS)))).isTemporary, false);
  assert.equal(trouble.current, null);
});

test("a request that was refused shows that the service is there", async (t) => {
  const service = serve(t, { [`GET ${KEYS}`]: () => problem(503, "Busy") });
  await thrown(send(api.GET(KEYS)));
  service.on(`GET ${KEYS}`, () => problem(404, "Not found"));
  await thrown(send(api.GET(KEYS)));
  assert.equal(trouble.current, null);
});

test("without a response, the service can't be reached", async (t) => {
  serve(t, {
    [`GET ${KEYS}`]: () => Promise.reject(new TypeError("fetch failed")),
    [`POST ${KEYS}`]: () => Promise.reject(new TypeError("fetch failed")),
  });
  assert.equal(await thrown(send(api.GET(KEYS))), UNREACHABLE);
  assert.equal(trouble.current, UNREACHABLE);
  assert.equal(await thrown(make()), UNREACHABLE);
  assert.equal(UNREACHABLE.isTemporary, true);
});

test("whoever leaves is no trouble of the service", async (t) => {
  const abort = new AbortController();
  serve(t, {
    [`GET ${KEYS}`]: () => {
      abort.abort();
      throw new DOMException("aborted", "AbortError");
    },
  });
  await assert.rejects(send(api.GET(KEYS, { signal: abort.signal })), { name: "AbortError" });
  assert.equal(trouble.current, null);
});

test("a body without a type is opened as it is", async (t) => {
  const service = serve(t, { "GET /api/v1/executions/1/stdout": () => new Response("a\0b") });
  const response = await open("/api/v1/executions/1/stdout?x=1", {
    headers: { Range: "bytes=0-" },
  });
  assert.equal(await response.text(), "a\0b");
  assert.equal(service.requests[0]?.headers.get("Range"), "bytes=0-");
  assert.deepEqual(service.requests[0]?.query, { x: "1" });
});

test("what is said twice is told once, and nobody who left is told", () => {
  const heard: unknown[] = [];
  const leave = trouble.subscribe((each) => void heard.push(each));
  trouble.report(UNREACHABLE);
  trouble.report(UNREACHABLE);
  trouble.report(null);
  leave();
  trouble.report(UNREACHABLE);
  trouble.report(null);
  assert.deepEqual(heard, [UNREACHABLE, null]);
});
