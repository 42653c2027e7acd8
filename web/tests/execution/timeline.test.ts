import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attempt,
  type Ran,
  attemptsOf,
  spanOf,
  ticksOf,
} from "../../src/execution/timeline.ts";

const NOTHING: Ran = { started: null, finished: null };

/** `queued@0 admitted@1 …`; the number of the attempt follows a slash, and a message a colon. */
function changes(text: string) {
  return text.split(" ").map((part) => {
    const [, state = "", attempt = "0", time = "", message] =
      /^(\w+)(?:\/(\d+))?@(\d+)(?::(.*))?$/.exec(part) ?? [];
    return { state, attempt: Number(attempt), time: Number(time), message: message ?? null };
  });
}

function shown(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ number, phases, end, message }) => {
    const parts = phases.map(({ name, from, to }) => `${name} ${from}-${to ?? ""}`);
    return [`${number}:`, parts.join(", "), end ?? "…", ...(message ? [message] : [])].join(" ");
  });
}

const of = (text: string, ran = NOTHING) => shown(attemptsOf(changes(text), ran));

test("from queue to result", () => {
  assert.deepEqual(
    of("queued@0 admitted@5 starting/1@6 running/1@9 finished/1@20 completed/1@22"),
    ["1: queued 0-5, created 5-9, running 9-20, persisted 20-22 completed"],
  );
});

test("what lasts has no end", () => {
  assert.deepEqual(of("queued@0"), ["1: queued 0- …"]);
  assert.deepEqual(of("queued@0 admitted@5 starting/1@6 running/1@9"), [
    "1: queued 0-5, created 5-9, running 9- …",
  ]);
  assert.deepEqual(attemptsOf([], NOTHING), []);
});

test("a lost attempt is followed by another", () => {
  assert.deepEqual(
    of(
      "queued@0 admitted@1 starting/1@2 running/1@3 queued/1@9:lost admitted/1@12 starting/2@13 running/2@14 finished/2@15 completed/2@16",
    ),
    [
      "1: queued 0-1, created 1-3, running 3-9 lost lost",
      "2: queued 9-12, created 12-14, running 14-15, persisted 15-16 completed",
    ],
  );
});

test("cancelled while it waits for another attempt", () => {
  assert.deepEqual(of("queued@0 admitted@1 starting/1@2 queued/1@3 cancelled/1@4"), [
    "1: queued 0-1, created 1-3 lost",
    "2: queued 3-4 cancelled",
  ]);
});

test("failed after its last attempt", () => {
  assert.deepEqual(of("queued@0 admitted@1 starting/1@2 failed/1@7:tried"), [
    "1: queued 0-1, created 1-7 failed tried",
  ]);
});

test("the program's own times are better than when its events were written", () => {
  const ran = { started: 8, finished: 10 };
  const expected = ["1: queued 0-5, created 5-8, running 8-10, persisted 10-22 completed"];
  assert.deepEqual(
    of("queued@0 admitted@5 starting/1@6 running/1@9 finished/1@20 completed/1@22", ran),
    expected,
  );
  assert.deepEqual(
    of("queued@0 admitted@5 starting/1@6 finished/1@20 completed/1@22", ran),
    expected,
  );
});

test("times of a clock that differs are left out", () => {
  const text = "queued@0 admitted@5 starting/1@6 running/1@9 finished/1@20";
  assert.deepEqual(of(text, { started: 1, finished: 2 }), of(text));
});

test("a running program began when it says", () => {
  assert.deepEqual(
    of("queued@0 admitted@5 starting/1@6 running/1@9", { started: 7, finished: null }),
    ["1: queued 0-5, created 5-7, running 7- …"],
  );
});

test("the span of all attempts", () => {
  assert.deepEqual(spanOf(attemptsOf(changes("queued@5 cancelled@9"), NOTHING), 100), {
    from: 5,
    to: 9,
  });
  assert.deepEqual(spanOf(attemptsOf(changes("queued@5"), NOTHING), 100), { from: 5, to: 100 });
  assert.deepEqual(spanOf([], 100), { from: 100, to: 101 });
});

test("ticks are few and round", () => {
  assert.deepEqual(ticksOf(1000), [0, 200, 400, 600, 800]);
  assert.deepEqual(ticksOf(37), [0, 10, 20, 30]);
  for (const duration of [1, 3, 12, 99, 1234, 86_400_000]) assert.ok(ticksOf(duration).length <= 6);
});

test("no label is cut at the right edge", () => {
  assert.deepEqual(ticksOf(150), [0, 50, 100]);
  assert.deepEqual(ticksOf(152), [0, 50, 100]);
  assert.deepEqual(ticksOf(170), [0, 50, 100, 150]);
});
