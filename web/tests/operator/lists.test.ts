import assert from "node:assert/strict";
import { test } from "node:test";
import { inSlices } from "../../src/operator/in-slices.ts";
import { first } from "../../src/operator/use-pages.ts";

const PAGES: Record<string, { items: number[]; next_cursor: string | null }> = {
  "": { items: [1, 2], next_cursor: "b" },
  b: { items: [], next_cursor: "c" },
  c: { items: [3], next_cursor: null },
};
const load = async (cursor = "") => PAGES[cursor] ?? assert.fail("no such page");

test("pages are put together", async () => {
  assert.deepEqual(await first(1, load), { items: [1, 2], hasMore: true });
  assert.deepEqual(await first(2, load), { items: [1, 2], hasMore: true });
  assert.deepEqual(await first(9, load), { items: [1, 2, 3], hasMore: false });
});

/** A call that changes up to two of `count` items, of which `fixed` can't be changed. */
function changing(count: number, fixed = 0) {
  return async () => {
    const done = Math.min(2, count - fixed);
    count -= done;
    return { done, skipped: fixed, remaining: count };
  };
}

test("slices follow each other until nothing remains", async () => {
  const progress: number[] = [];
  const ended = await inSlices(changing(5), 5, (done) => progress.push(done));
  assert.deepEqual(ended, { done: 5, skipped: 0 });
  assert.deepEqual(progress, [2, 4, 5]);
});

test("they end if the rest can't be changed", async () => {
  assert.deepEqual(await inSlices(changing(5, 2), 5), { done: 3, skipped: 2 });
});

test("they end once as many were changed as there were, even if these still match", async () => {
  let calls = 0;
  const again = async () => ({ done: 2, skipped: 0, remaining: 4 + 0 * ++calls });
  assert.deepEqual(await inSlices(again, 4), { done: 4, skipped: 0 });
  assert.equal(calls, 2);
});
