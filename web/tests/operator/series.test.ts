import assert from "node:assert/strict";
import { test } from "node:test";
import { type Minute, namesOf, seriesOf, stacked, totalOf } from "../../src/operator/series.ts";

const MINUTE = 60;
const START = Date.parse("2026-01-02T03:00:00Z") / 1000;

function minute(number: number, facts: Partial<Minute> = {}): Minute {
  const start = new Date((START + number * MINUTE) * 1000).toISOString();
  return { start, ended: {}, waiting_ms: null, running_ms: null, queued: null, ...facts };
}

test("the minute that has not ended is left out", () => {
  const minutes = [minute(0, { ended: { success: 4 } }), minute(1, { ended: { success: 1 } })];
  const { starts, ends } = seriesOf(minutes, 1);
  assert.deepEqual(starts, [START]);
  assert.deepEqual(ends, [{ name: "success", perMinute: [4] }]);
});

test("a minute without ends has none, and a missing one is a gap", () => {
  const minutes = [minute(0, { ended: { failed: 2 } }), minute(1), minute(3), minute(4)];
  const { starts, ends } = seriesOf(minutes, 1);
  assert.deepEqual(starts, [0, 1, 2, 3].map((number) => START + number * MINUTE));
  assert.deepEqual(ends, [{ name: "failed", perMinute: [2, 0, null, 0] }]);
});

test("percentiles and the queue have gaps where nothing was measured", () => {
  const measured = { waiting_ms: { p50: 1, p95: 2 }, queued: 0 };
  const { waiting, running, queued } = seriesOf([minute(0), minute(1, measured), minute(2)], 1);
  assert.deepEqual(waiting, { p50: [null, 1], p95: [null, 2] });
  assert.deepEqual(running.p50, [null, null]);
  assert.deepEqual(queued, [null, 0]);
});

test("in steps, ends are per minute", () => {
  const minutes = [minute(0, { ended: { success: 10 } }), minute(5), minute(10)];
  const { starts, ends } = seriesOf(minutes, 5);
  assert.deepEqual(starts, [START, START + 5 * MINUTE]);
  assert.deepEqual(ends[0]?.perMinute, [2, 0]);
});

test("no minutes, or only the one that has not ended, are no series", () => {
  for (const minutes of [[], [minute(0, { ended: { success: 1 } })]]) {
    assert.deepEqual(seriesOf(minutes, 1).starts, []);
  }
});

test("ends are in a fixed order, and those that nobody knows come last", () => {
  const ended = { zebra: 1, cancelled: 1, apple: 1, success: 1, time_limit: 1 };
  assert.deepEqual(namesOf([minute(0, { ended })]), ["success", "time_limit", "cancelled", "apple", "zebra"]);
});

test("ends are summed up", () => {
  assert.equal(totalOf({}), 0);
  assert.equal(totalOf({ success: 2, failed: 3 }), 5);
});

test("series are stacked, and gaps stay gaps", () => {
  assert.deepEqual(stacked([]), []);
  assert.deepEqual(stacked([[1, null, 2], [3, null, 0], [5, null, 1]]), [
    [1, null, 2],
    [4, null, 2],
    [9, null, 3],
  ]);
});
