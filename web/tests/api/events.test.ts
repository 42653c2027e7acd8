import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { type Connection, type ServerEvent, follow, pauseOf } from "../../src/api/events.ts";
import { Problem, UNREACHABLE } from "../../src/api/problem.ts";
import { setHidden } from "../support/browser.ts";
import { type Clock, stopClock } from "../support/clock.ts";
import { settle } from "../support/page.tsx";
import { type Service, problem, serve } from "../support/service.ts";
import { Stream, event } from "../support/stream.ts";

const PATH = "/api/v1/executions/1/stream";
const ROUTE = `GET ${PATH}`;

/** Follows a stream, whose connections the test plays. */
class Following {
  readonly streams: Stream[] = [];
  readonly events: ServerEvent[] = [];
  readonly connections: Connection[] = [];
  readonly abort = new AbortController();
  readonly service: Service;
  readonly #clock: Clock;
  isDone = false;

  constructor(readonly test: TestContext) {
    this.#clock = stopClock(test);
    this.service = serve(test, { [ROUTE]: (sent) => this.#connect(sent.signal) });
    test.after(() => this.abort.abort());
  }

  #connect(signal: AbortSignal): Response {
    const stream = new Stream();
    this.streams.push(stream);
    return stream.response(signal);
  }

  async start(): Promise<this> {
    const reader = {
      onEvent: (each: ServerEvent) => void this.events.push(each),
      onConnection: (each: Connection) => void this.connections.push(each),
      signal: this.abort.signal,
    };
    void follow(PATH, reader).then(() => (this.isDone = true));
    await settle();
    return this;
  }

  get stream(): Stream {
    const last = this.streams.at(-1);
    assert.ok(last);
    return last;
  }

  async push(...parts: (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) this.stream.push(part);
    await settle();
  }

  async close(): Promise<void> {
    this.stream.close();
    await settle();
  }

  wait(milliseconds: number): Promise<void> {
    return this.#clock.wait(milliseconds);
  }

  get names(): string[] {
    return this.events.map((each) => each.name);
  }

  get states(): string[] {
    return this.connections.map((each) => each.as);
  }

  /** What each connection said that it had received. */
  get lastIds(): (string | null)[] {
    return this.service.sent(ROUTE).map((each) => each.headers.get("Last-Event-ID"));
  }
}

test("events arrive with their names and data, up to the end", async (t) => {
  const following = await new Following(t).start();
  assert.equal(following.service.only(ROUTE).headers.get("Accept"), "text/event-stream");
  assert.deepEqual(following.states, ["connecting", "open"]);
  await following.push(event("state", { state: "running" }, 1), event("stdout", "hé\n\n", 2));
  assert.deepEqual(following.events, [
    { name: "state", data: { state: "running" } },
    { name: "stdout", data: "hé\n\n" },
  ]);
  assert.equal(following.isDone, false);
  await following.push(event("end", null, 3));
  assert.equal(following.isDone, true);
  assert.deepEqual(following.states, ["connecting", "open", "ended"]);
  assert.equal(following.service.requests.length, 1);
});

test("what has ended is not read any further, and its connection is closed", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("end", null, 1));
  assert.equal(following.stream.isCancelled, true);
  await following.wait(120_000);
  assert.equal(following.streams.length, 1);
});

test("the end is recognised in the same piece as what came before it", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", {}, 1) + event("end", null, 2));
  assert.deepEqual(following.names, ["state", "end"]);
  assert.equal(following.isDone, true);
});

test("comments are no events", async (t) => {
  const following = await new Following(t).start();
  await following.push(": still here\n\n", event("state", {}, 1), ":\n\n");
  assert.deepEqual(following.names, ["state"]);
});

test("no content is an end: there is nothing to follow", async (t) => {
  const following = new Following(t);
  following.service.on(ROUTE, () => new Response(null, { status: 204 }));
  await following.start();
  assert.deepEqual(following.states, ["connecting", "ended"]);
});

test("wherever pieces are cut, the events are the same", async (t) => {
  const sent = [
    { name: "stdout", data: "a\r\nb\u2028\u{1f600}" },
    { name: "stderr", data: { offset: 3, text: "data: no\n\nevent: end\n\n" } },
    { name: "state", data: ["é", "", "\u0000"] },
    { name: "end", data: null },
  ];
  const bytes = new TextEncoder().encode(
    sent.map((each, index) => event(each.name, each.data, index)).join(": ping\n\n"),
  );
  stopClock(t);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const stream = new Stream();
      serve(t, { [ROUTE]: stream.response(new AbortController().signal) });
      const sorted = [0, ...places.sort((a, b) => a - b)];
      for (const [index, from] of sorted.entries()) {
        stream.push(bytes.slice(from, sorted[index + 1]));
      }
      const received: ServerEvent[] = [];
      await follow(PATH, {
        onEvent: (each) => void received.push(each),
        onConnection: () => {},
        signal: new AbortController().signal,
      });
      assert.deepEqual(received, sent);
    }),
    { numRuns: 60 },
  );
});

test("a connection that ends early is followed by another, behind the last event", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, "a:1"), event("stdout", 2, "a:2"));
  await following.close();
  assert.deepEqual(following.connections.at(-1), { as: "waiting", problem: UNREACHABLE });
  assert.equal(following.streams.length, 1);
  await following.wait(1000);
  assert.deepEqual(following.lastIds, [null, "a:2"]);
  await following.push(event("end", null, "a:3"));
  assert.deepEqual(following.names, ["state", "stdout", "end"]);
  assert.deepEqual(following.states, [
    "connecting",
    "open",
    "waiting",
    "connecting",
    "open",
    "ended",
  ]);
});

test("half an event at the end of a connection is none, and is asked for again", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 1), event("stdout", "whole", 2).slice(0, -4));
  await following.close();
  await following.wait(1000);
  assert.deepEqual(following.names, ["state"]);
  assert.deepEqual(following.lastIds, [null, "1"]);
  await following.push(event("stdout", "whole", 2));
  assert.deepEqual(following.names, ["state", "stdout"]);
});

test("an event without an id changes nothing about where to continue", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 7), event("progress", 2));
  await following.close();
  await following.wait(1000);
  assert.deepEqual(following.lastIds, [null, "7"]);
});

test("the id is kept over connections that bring nothing", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 7));
  for (const pause of [1000, 2000, 4000]) {
    await following.close();
    await following.wait(pause);
  }
  assert.deepEqual(following.lastIds, [null, "7", "7", "7"]);
});

test("the pause doubles while nothing comes, and is short again after an event", async (t) => {
  const following = await new Following(t).start();
  for (const pause of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = following.streams.length;
    await following.close();
    await following.wait(pause - 1);
    assert.equal(following.streams.length, before, `${pause}`);
    await following.wait(1);
    assert.equal(following.streams.length, before + 1, `${pause}`);
  }
  await following.push(event("state", 1, 1));
  await following.close();
  const before = following.streams.length;
  await following.wait(1000);
  assert.equal(following.streams.length, before + 1);
});

test("the pause of a problem is the service's, unless ours is longer", () => {
  const busy = new Problem(503, "Busy", "", [], 7);
  assert.equal(pauseOf(busy, 0), 7000);
  assert.equal(pauseOf(busy, 10), 15_000);
  assert.equal(pauseOf(new Problem(503, "Busy", "", [], 120), 10), 120_000);
  assert.equal(pauseOf(UNREACHABLE, 0), 1000);
  assert.equal(pauseOf(UNREACHABLE, 1000), 15_000);
});

test("a 503 is waited out for as long as it says, and shown meanwhile", async (t) => {
  const following = new Following(t);
  const busy = { "Retry-After": "5" };
  const answers = [
    problem(503, "MongoDB is unavailable", { detail: "It did not respond." }, busy),
    problem(503, "MongoDB is unavailable", {}, busy),
  ];
  following.service.on(ROUTE, (sent) => {
    const stream = new Stream();
    following.streams.push(stream);
    return answers.shift() ?? stream.response(sent.signal);
  });
  await following.start();
  const waiting = following.connections.at(-1);
  assert.equal(waiting?.as, "waiting");
  assert.equal(waiting?.as === "waiting" && waiting.problem.message, "It did not respond.");
  await following.wait(4999);
  assert.equal(following.streams.length, 1);
  await following.wait(1);
  assert.equal(following.streams.length, 2);
  await following.wait(5000);
  assert.deepEqual(following.states.slice(-2), ["connecting", "open"]);
});

for (const status of [400, 401, 403, 404, 410]) {
  test(`after a ${status}, nobody asks again`, async (t) => {
    const following = new Following(t);
    following.service.on(ROUTE, () => problem(status, "No"));
    await following.start();
    const last = following.connections.at(-1);
    assert.equal(last?.as === "refused" && last.problem.status, status);
    await following.wait(600_000);
    assert.equal(following.service.requests.length, 1);
    assert.equal(following.isDone, true);
  });
}

for (const status of [429, 502, 503, 504]) {
  test(`after a ${status}, it is tried again`, async (t) => {
    const following = new Following(t);
    following.service.on(ROUTE, () => problem(status, "Later"));
    await following.start();
    await following.wait(1000);
    assert.equal(following.service.requests.length, 2);
  });
}

test("a network that fails midway is waited out", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 1));
  following.stream.break(new TypeError("network error"));
  await settle();
  assert.equal(following.states.at(-1), "waiting");
  await following.wait(1000);
  assert.deepEqual(following.lastIds, [null, "1"]);
});

test("whoever stops is told nothing any more, whenever it is", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 1));
  const told = following.connections.length;
  following.abort.abort();
  await settle();
  assert.equal(following.isDone, true);
  assert.equal(following.stream.isCancelled, true);
  assert.equal(following.connections.length, told);
  await following.wait(600_000);
  assert.equal(following.streams.length, 1);
});

test("whoever stops during a pause is not asked to wait for its end", async (t) => {
  const following = await new Following(t).start();
  await following.close();
  following.abort.abort();
  await settle();
  assert.equal(following.isDone, true);
  assert.equal(following.states.at(-1), "waiting");
});

test("whoever has stopped before it begins asks for nothing", async (t) => {
  const following = new Following(t);
  following.abort.abort();
  await following.start();
  assert.equal(following.isDone, true);
  assert.deepEqual(following.connections, []);
  assert.deepEqual(following.service.requests, []);
});

test("a silent connection is given up after 40 s, and anything heard begins anew", async (t) => {
  const following = await new Following(t).start();
  await following.wait(39_999);
  await following.push(": ping\n\n");
  await following.wait(39_999);
  assert.deepEqual(following.states, ["connecting", "open"]);
  await following.wait(1);
  assert.equal(following.states.at(-1), "waiting");
  assert.equal(following.stream.isCancelled, true);
});

test("a service that accepts and never responds is given up, too", async (t) => {
  const following = new Following(t);
  following.service.on(
    ROUTE,
    ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  await following.start();
  assert.deepEqual(following.states, ["connecting"]);
  await following.wait(40_000);
  assert.deepEqual(following.states, ["connecting", "waiting"]);
});

test("a hidden page leaves its connection, and continues it when somebody looks", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", {}, 1));
  const first = following.stream;
  setHidden(true);
  await following.wait(120_000);
  assert.equal(first.isCancelled, true);
  assert.deepEqual(following.states, ["connecting", "open"]);
  setHidden(false);
  await settle();
  assert.deepEqual(following.states, ["connecting", "open", "connecting", "open"]);
  assert.deepEqual(following.lastIds, [null, "1"]);
});

test("a page that is hidden from the beginning asks for nothing", async (t) => {
  setHidden(true);
  const following = await new Following(t).start();
  await following.wait(120_000);
  assert.deepEqual(following.states, []);
  setHidden(false);
  await settle();
  assert.deepEqual(following.states, ["connecting", "open"]);
});

test("nobody listens any more when it is over", async (t) => {
  const listening = new Map<string, number>();
  const listen = (name: string, by: number) => listening.set(name, (listening.get(name) ?? 0) + by);
  const abort = new AbortController();
  for (const [what, target] of Object.entries({
    document,
    window: globalThis,
    abort: abort.signal,
  })) {
    const { addEventListener: add, removeEventListener: remove } = target;
    t.mock.method(target, "addEventListener", function (...given: Parameters<typeof add>) {
      listen(`${what} ${given[0]}`, 1);
      add.apply(target, given);
    });
    t.mock.method(target, "removeEventListener", function (...given: Parameters<typeof remove>) {
      listen(`${what} ${given[0]}`, -1);
      remove.apply(target, given);
    });
  }
  const following = new Following(t);
  Object.assign(following, { abort });
  await following.start();
  await following.close();
  assert.equal(listening.get("document visibilitychange"), 1);
  assert.equal(listening.get("window online"), 1);
  await following.wait(1000);
  assert.equal(listening.get("window online"), 0);
  await following.push(event("end", null));
  assert.equal(following.isDone, true);
  assert.deepEqual([...listening.values()].filter(Boolean), [], JSON.stringify([...listening]));
});

test("a pause ends when the network returns, or somebody looks", async (t) => {
  const following = await new Following(t).start();
  await following.close();
  dispatchEvent(new Event("online"));
  await settle();
  assert.equal(following.streams.length, 2);
  await following.close();
  setHidden(true);
  await settle();
  assert.equal(following.streams.length, 2);
  setHidden(false);
  await settle();
  assert.equal(following.streams.length, 3);
});

test("an event that is no JSON is not believed, and what follows is asked for again", async (t) => {
  const following = await new Following(t).start();
  await following.push(event("state", 1, 1), "id: 2\nevent: state\ndata: {\n\n");
  assert.equal(following.states.at(-1), "waiting");
  await following.wait(1000);
  assert.deepEqual(following.lastIds, [null, "1"]);
});
