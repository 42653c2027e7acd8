import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { rememberKey } from "../../src/docs/authorization.ts";
import type { Operation } from "../../src/docs/operation.ts";
import { TryIt } from "../../src/docs/try-it.tsx";
import { settle, show } from "../support/page.tsx";
import { type Sent, json, problem, serve } from "../support/service.ts";
import { Stream } from "../support/stream.ts";

const GET: Operation = {
  ...{ operationId: "list", method: "GET", path: "/api/v1/executions/{id}" },
  parameters: [
    { name: "id", in: "path", required: true },
    { name: "limit", in: "query", required: false },
    { name: "Last-Event-ID", in: "header", required: false },
    { name: "Authorization", in: "header", required: false },
    { name: "X-API-Key", in: "header", required: false },
  ],
};
const POST: Operation = {
  ...{ operationId: "run", method: "POST", path: "/api/v1/executions", parameters: [] },
  requestBody: { content: { "application/json": { example: { language: "python" } } } },
};
const ROUTE = "GET /api/v1/executions/*";
const SESSION = "GET /api/v1/session";

async function open(t: TestContext, operation: Operation, answers: Record<string, object> = {}) {
  t.after(() => rememberKey(""));
  const service = serve(t, answers);
  return { service, shown: await show(t, <TryIt operation={operation} />) };
}

test("an operation has a field for each parameter, but for those that say who asks", async (t) => {
  const { shown } = await open(t, GET);
  const fields = shown.all<HTMLInputElement>("input").map((each) => [each.name, each.required]);
  assert.deepEqual(fields, [
    ["path.id", true],
    ["query.limit", false],
    ["header.Last-Event-ID", false],
  ]);
  assert.equal(shown.all("textarea").length, 0);
});

test("what is filled in is sent, and the response is shown as it is read", async (t) => {
  const { shown, service } = await open(t, GET, { [ROUTE]: { state: "queued" } });
  await shown.fill("id", "a/b c");
  await shown.fill("limit", "5");
  await shown.submit();
  const sent = service.only(ROUTE);
  assert.deepEqual([sent.path, sent.query], ["/api/v1/executions/a/b%20c", { limit: "5" }]);
  assert.equal(sent.headers.has("Last-Event-ID"), false); // What is empty is not sent.
  assert.equal(shown.one("pre").textContent, '{\n  "state": "queued"\n}');
  assert.match(shown.one("[role=status]").textContent ?? "", /^200 .*18 B in/);
  assert.equal(shown.button("Send").disabled, false);
});

test("a body begins with the example, and is sent as it was written", async (t) => {
  const { shown, service } = await open(t, POST, {
    [SESSION]: { csrf_token: "token-9" },
    "POST /api/v1/executions": () => json({ id: "01A" }, 202),
  });
  const body = shown.one<HTMLTextAreaElement>("textarea");
  assert.equal(body.value, '{\n  "language": "python"\n}');
  await shown.fill(body, '{"language": "c"}');
  await shown.submit();
  const sent = service.only("POST /api/v1/executions");
  assert.deepEqual(sent.body, { language: "c" });
  assert.equal(sent.headers.get("X-CSRF-Token"), "token-9"); // The session's.
  assert.equal(sent.headers.has("Authorization"), false);
});

test("a key that was given is used in place of the session", async (t) => {
  rememberKey(" pdl_1 ");
  const { shown, service } = await open(t, POST, { "POST /api/v1/executions": {} });
  await shown.submit();
  const { headers } = service.only("POST /api/v1/executions");
  assert.equal(headers.get("Authorization"), "Bearer pdl_1");
  assert.equal(headers.has("X-CSRF-Token"), false);
});

test("without a key and a session, the API says what it wants", async (t) => {
  const { shown } = await open(t, POST, {
    [SESSION]: () => problem(401, "Unauthorized"),
    "POST /api/v1/executions": () => problem(401, "A key is needed"),
  });
  await shown.submit();
  assert.match(shown.one("[role=status]").textContent ?? "", /^401/);
  assert.match(shown.one("pre").textContent ?? "", /"title": "A key is needed"/);
});

const TEXTS: readonly [what: string, response: () => Response, shown: string][] = [
  ["a text stays as it is", () => new Response("a\0<b>"), "a\0<b>"],
  [
    "damaged JSON, too",
    () => new Response("{", { headers: { "Content-Type": "application/json" } }),
    "{",
  ],
  [
    "what only looks like JSON, too",
    () => new Response('{"a":1}', { headers: { "Content-Type": "text/plain" } }),
    '{"a":1}',
  ],
];

for (const [what, response, expected] of TEXTS) {
  test(`a response: ${what}`, async (t) => {
    const { shown } = await open(t, GET, { [ROUTE]: response });
    await shown.fill("id", "1");
    await shown.submit();
    assert.equal(shown.one("pre").textContent, expected);
  });
}

test("a response without a body has its status", async (t) => {
  const { shown } = await open(t, GET, { [ROUTE]: () => new Response(null, { status: 204 }) });
  await shown.fill("id", "1");
  await shown.submit();
  assert.match(shown.one("[role=status]").textContent ?? "", /^204 .*0 B/);
  assert.equal(shown.all("pre").length, 0);
});

test("of a response that never ends, the beginning is shown as it arrives, until it is stopped", async (t) => {
  const stream = new Stream();
  const { shown } = await open(t, GET, { [ROUTE]: ({ signal }: Sent) => stream.response(signal) });
  await shown.fill("id", "1");
  await shown.submit();
  stream.push("event: state\n");
  await settle();
  assert.equal(shown.one("pre").textContent, "event: state\n");
  stream.push("x".repeat(70_000));
  await settle();
  assert.equal(shown.one("pre").textContent?.length, 64 * 1024);
  assert.match(shown.one("[role=status]").textContent ?? "", /68 KiB/);
  assert.equal(shown.button("Send").disabled, true);
  await shown.click("Stop");
  assert.equal(stream.isCancelled, true);
  assert.equal(shown.button("Send").disabled, false);
  assert.doesNotMatch(shown.text, /No response/);
});

test("a service that can't be reached has no response", async (t) => {
  const { shown } = await open(t, GET, { [ROUTE]: () => Promise.reject(new TypeError("refused")) });
  await shown.fill("id", "1");
  await shown.submit();
  assert.equal(shown.one("[role=status]").textContent, "No response");
  assert.match(shown.one("pre").textContent ?? "", /refused/);
});
