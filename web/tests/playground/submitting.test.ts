import assert from "node:assert/strict";
import test from "node:test";
import { Problem, UNREACHABLE } from "../../src/api/problem.ts";
import { keyFor, loadPending, savePending } from "../../src/playground/pending.ts";
import { type Waiting, isOpen, paused, submitted } from "../../src/playground/submitting.ts";

const BUSY = new Problem(503, "A dependency is unavailable", "", [], 2);
const INVALID = new Problem(422, "The request is not valid", "");
const TOMORROW = new Problem(429, "The CPU seconds of today are used up", "", [], 40_000);

/** Fails with each of the problems, and then succeeds. */
async function sent(problems: unknown[]): Promise<{ waits: Waiting[]; pauses: number[] }> {
  const left = [...problems];
  const waits: Waiting[] = [];
  const pauses: number[] = [];
  await submitted({
    post: async () => {
      if (left.length) throw left.shift();
    },
    pause: async (seconds) => void pauses.push(seconds),
    onWaiting: (waiting) => waits.push(waiting),
  });
  return { waits, pauses };
}

test("what is accepted at once doesn't wait", async () => {
  assert.deepEqual(await sent([]), { waits: [], pauses: [] });
});

test("temporary problems are waited out for as long as the service says", async () => {
  const { waits, pauses } = await sent([BUSY, new Problem(429, "", "", [], 5), BUSY]);
  assert.deepEqual(pauses, [2, 5, 2]);
  assert.deepEqual(waits[0], { problem: BUSY, seconds: 2 });
});

test("without a service, the pauses grow up to half a minute", async () => {
  const { pauses } = await sent(Array.from({ length: 8 }, () => UNREACHABLE));
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
});

test("what is refused, or would take too long, is reported", async () => {
  await assert.rejects(sent([INVALID]), INVALID);
  await assert.rejects(sent([TOMORROW]), TOMORROW);
  await assert.rejects(sent([new TypeError("a bug")]), TypeError);
});

test("whoever gives up is not asked again", async () => {
  const abort = new AbortController();
  const done = submitted({
    post: () => Promise.reject(BUSY),
    pause: (seconds) => paused(seconds, abort.signal),
    onWaiting: () => abort.abort(),
  });
  await assert.rejects(done, { name: "AbortError" });
});

test("only an answer closes a submission", () => {
  const open = [
    UNREACHABLE,
    BUSY,
    TOMORROW,
    new Problem(500, "", ""),
    new Problem(401, "", ""),
    new DOMException("", "AbortError"),
  ];
  for (const error of open) assert.equal(isOpen(error), true);
  for (const error of [INVALID, new Problem(410, "", "")]) assert.equal(isOpen(error), false);
});

test("the same submission has the same key until it is answered", () => {
  const submission = { language: "c", source: "" };
  const key = keyFor(submission, null);
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal(keyFor({ ...submission }, { key, submission }), key);
  assert.notEqual(keyFor({ ...submission, stdin: "a" }, { key, submission }), key);
  assert.notEqual(keyFor(submission, null), key);
});

test("a tab keeps what was not answered, if it has room", () => {
  const items = new Map<string, string>();
  const store = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => {
      if (value.length > 100) throw new DOMException("full", "QuotaExceededError");
      items.set(name, value);
    },
    removeItem: (name: string) => void items.delete(name),
  };
  const pending = { key: "k", submission: { language: "c" } };
  savePending(store, "ada", pending);
  assert.deepEqual(loadPending(store, "ada"), pending);
  assert.equal(loadPending(store, "bob"), null);
  savePending(store, "ada", { key: "k", submission: { source: "x".repeat(100) } });
  assert.equal(loadPending(store, "ada"), null, "another submission must not be sent in its place");
  savePending(store, "ada", pending);
  savePending(store, "ada", null);
  assert.equal(loadPending(store, "ada"), null);
  items.set("podline.playground.pending.ada", '{"key": 1}');
  assert.equal(loadPending(store, "ada"), null);
});
