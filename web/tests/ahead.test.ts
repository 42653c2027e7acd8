import assert from "node:assert/strict";
import { test } from "node:test";
import { ahead } from "../src/api/ahead.ts";

const { signal } = new AbortController();

function counting() {
  let calls = 0;
  return ahead(async () => ++calls);
}

test("what was begun is taken once", async () => {
  const request = counting();
  request.begin();
  assert.equal(await request.take(signal), 1);
  assert.equal(await request.take(signal), 2);
});

test("without a beginning, it is asked for when it is taken", async () => {
  assert.equal(await counting().take(signal), 1);
});

test("what failed is asked for again, with the signal of whoever waits", async () => {
  const signals: AbortSignal[] = [];
  const request = ahead(async (given) => {
    signals.push(given);
    if (given !== signal) throw new Error("Nobody is signed in yet.");
    return "found";
  });
  request.begin();
  await new Promise((resolve) => setImmediate(resolve)); // An unhandled rejection would end the test.
  assert.equal(await request.take(signal), "found");
  assert.equal(signals.length, 2);
});
