// What a service, or whatever is between, may answer.
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { api, open, send } from "../../src/api/client.ts";
import { follow } from "../../src/api/events.ts";
import { Problem, problemOf } from "../../src/api/problem.ts";
import { stopClock } from "../support/clock.ts";
import { settle } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";
import { Stream, event } from "../support/stream.ts";

const KEYS = "/api/v1/keys";

function response(status: number, headers: Record<string, string> = {}): Response {
  return new Response("", { status, statusText: "Reason", headers });
}

const ERRORS = fc.oneof(
  fc.jsonValue(),
  fc.array(fc.oneof(fc.jsonValue(), fc.record({ pointer: fc.jsonValue(), detail: fc.string() }))),
);

test("whatever the body of a refusal is, there is a problem with its status and a title", () => {
  const status = fc.integer({ min: 400, max: 599 });
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({ title: fc.jsonValue(), detail: fc.jsonValue(), errors: ERRORS }),
    fc.constant(undefined),
  );
  fc.assert(
    fc.property(status, body, (code, said) => {
      const found = problemOf(response(code), said);
      assert.equal(found.status, code);
      assert.ok(found.title !== "" && typeof found.detail === "string");
      for (const { pointer, detail } of found.fields) {
        assert.equal(typeof detail, "string");
        assert.ok(pointer === undefined || typeof pointer === "string");
      }
    }),
  );
});

const PAUSES: readonly [header: string, seconds: number | null][] = [
  ["7", 7],
  ["0", 0],
  ["-1", null],
  ["1.5", null],
  ["soon", null],
  ["Wed, 21 Oct 2026 07:28:00 GMT", null],
];

test("when to try again is a whole number of seconds, or not said", () => {
  for (const [header, seconds] of PAUSES) {
    const found = problemOf(response(503, { "Retry-After": header }), null);
    assert.equal(found.retryAfter, seconds, header);
  }
  assert.equal(problemOf(response(503), null).retryAfter, null);
});

test("a success whose body is no JSON is not believed", async (t) => {
  serve(t, { [`GET ${KEYS}`]: () => new Response("<html>", { status: 200 }) });
  await assert.rejects(send(api.GET(KEYS)), SyntaxError);
});

test("a body that breaks off is no answer", async (t) => {
  const stream = new Stream();
  serve(t, { [`GET ${KEYS}`]: ({ signal }: Sent) => stream.response(signal) });
  const asked = send(api.GET(KEYS));
  stream.push('{"items": [');
  await settle();
  stream.break(new TypeError("network error"));
  await assert.rejects(asked);
});

test("a problem document that is damaged is a problem all the same", async (t) => {
  const damaged = () => new Response('{"title": ', { status: 409, statusText: "Conflict" });
  serve(t, { "GET /raw": damaged, [`GET ${KEYS}`]: damaged });
  for (const made of [open("/raw"), send(api.GET(KEYS))]) {
    const error: unknown = await made.catch((reason: unknown) => reason);
    assert.ok(error instanceof Problem);
    assert.deepEqual([error.status, error.title], [409, "Conflict"]);
  }
});

test("each problem of a field has its pointer", async (t) => {
  const errors = [{ pointer: "/name", detail: "is empty" }, { detail: "is refused as a whole" }];
  serve(t, { [`GET ${KEYS}`]: () => problem(422, "Not valid", { errors }) });
  const error: unknown = await send(api.GET(KEYS)).catch((reason: unknown) => reason);
  assert.deepEqual((error as Problem).fields, errors);
});

/** What becomes of a stream that answers like this. */
async function followed(t: test.TestContext, answer: (sent: Sent) => Response) {
  const clock = stopClock(t);
  const service = serve(t, { "GET /stream": answer });
  const said: string[] = [];
  const stop = new AbortController();
  t.after(() => stop.abort());
  void follow("/stream", {
    signal: stop.signal,
    onEvent: ({ name }) => said.push(`event ${name}`),
    onConnection: (connection) =>
      said.push(
        "problem" in connection ? `${connection.as} ${connection.problem.status}` : connection.as,
      ),
  });
  await settle();
  return { clock, service, said };
}

const REFUSALS: readonly [status: number, ends: string][] = [
  [400, "refused 400"],
  [401, "refused 401"],
  [403, "refused 403"],
  [404, "refused 404"],
  [410, "refused 410"],
  [429, "waiting 429"],
  [500, "refused 500"],
  [502, "waiting 502"],
  [503, "waiting 503"],
];

for (const [status, ends] of REFUSALS) {
  test(`a stream that answers ${status} is ${ends.split(" ")[0]}`, async (t) => {
    const { clock, service, said } = await followed(t, () => problem(status, "Refused"));
    assert.deepEqual(said, ["connecting", ends]);
    await clock.wait(1000);
    assert.equal(service.sent("GET /stream").length, ends.startsWith("waiting") ? 2 : 1);
  });
}

test("bytes that are no UTF-8 break no stream", async (t) => {
  const stream = new Stream();
  const { said } = await followed(t, ({ signal }) => stream.response(signal));
  stream.push(new Uint8Array([0x3a, 0xff, 0xfe, 0x0a, 0x0a])); // A comment.
  stream.push(event("state", {}, "1"));
  await settle();
  assert.deepEqual(said, ["connecting", "open", "event state"]);
});

test("lines without end, and fields that nobody knows, are no events", async (t) => {
  const stream = new Stream();
  const { said } = await followed(t, ({ signal }) => stream.response(signal));
  stream.push(`unknown: field\nretry: 5\n\n${"x".repeat(100_000)}`);
  await settle();
  assert.deepEqual(said, ["connecting", "open"]);
  stream.push(`\n\n${event("end", null, "2")}`);
  await settle();
  assert.deepEqual(said.slice(2), ["event end", "ended"]);
});
