import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Minute,
  isolated,
  namesOf,
  seriesOf,
  stacked,
  totalOf,
} from "../../src/operator/series.ts";

const MINUTE = 60;
const START = Date.parse("2026-01-02T03:00:00Z") / 1000;

function minute(number: number, facts: Partial<Minute> = {}): Minute {
  const start = new Date((START + number * MINUTE) * 1000).toISOString();
  return { start, ended: {}, waiting_ms: null, running_ms: null, queued: null, ...facts };
}

test("the minute that has not ended has what ended so far", () => {
  const minutes = [minute(0, { ended: { success: 4 } }), minute(1, { ended: { success: 1 } })];
  const { starts, ends } = seriesOf(minutes, 1, (START + 61) * 1000);
  assert.deepEqual(starts, [START, START + MINUTE]);
  assert.deepEqual(ends, [{ name: "success", perMinute: [4, 1] }]);
});

test("a part that has not ended has the rate of the minutes that have begun", () => {
  const minutes = [minute(0, { ended: { success: 50 } }), minute(10, { ended: { success: 6 } })];
  const at = (seconds: number) =>
    seriesOf(minutes, 10, (START + seconds) * 1000).ends[0]?.perMinute;
  assert.deepEqual(at(601), [5, 6]);
  assert.deepEqual(at(600 + 2.5 * MINUTE), [5, 2]);
  assert.deepEqual(at(9999), [5, 0.6]);
});

test("a clock that is slow changes no part that has begun", () => {
  const minutes = [minute(0, { ended: { success: 2 } }), minute(10)];
  assert.deepEqual(seriesOf(minutes, 10, (START - 500) * 1000).ends[0]?.perMinute, [2, 0]);
});

test("a minute without ends has none, and a missing one is a gap", () => {
  const minutes = [minute(0, { ended: { failed: 2 } }), minute(1), minute(3)];
  const { starts, ends } = seriesOf(minutes, 1);
  assert.deepEqual(
    starts,
    [0, 1, 2, 3].map((number) => START + number * MINUTE),
  );
  assert.deepEqual(ends, [{ name: "failed", perMinute: [2, 0, null, 0] }]);
});

test("percentiles and the queue have gaps where nothing was measured", () => {
  const measured = { waiting_ms: { p50: 1, p95: 2 }, queued: 0 };
  const { waiting, running, queued } = seriesOf([minute(0), minute(1, measured)], 1);
  assert.deepEqual(waiting, { p50: [null, 1], p95: [null, 2] });
  assert.deepEqual(running.p50, [null, null]);
  assert.deepEqual(queued, [null, 0]);
});

test("in steps, ends are per minute", () => {
  const minutes = [minute(0, { ended: { success: 10 } }), minute(5)];
  const { starts, ends } = seriesOf(minutes, 5);
  assert.deepEqual(starts, [START, START + 5 * MINUTE]);
  assert.deepEqual(ends[0]?.perMinute, [2, 0]);
});

test("no minutes are no series", () => {
  assert.deepEqual(seriesOf([], 1).starts, []);
});

test("ends are in a fixed order, and those that nobody knows come last", () => {
  const ended = { zebra: 1, cancelled: 1, apple: 1, success: 1, time_limit: 1 };
  assert.deepEqual(namesOf([minute(0, { ended })]), [
    "success",
    "time_limit",
    "cancelled",
    "apple",
    "zebra",
  ]);
});

test("ends are summed up", () => {
  assert.equal(totalOf({}), 0);
  assert.equal(totalOf({ success: 2, failed: 3 }), 5);
});

test("series are stacked, and gaps stay gaps", () => {
  assert.deepEqual(stacked([]), []);
  assert.deepEqual(
    stacked([
      [1, null, 2],
      [3, null, 0],
      [5, null, 1],
    ]),
    [
      [1, null, 2],
      [4, null, 2],
      [9, null, 3],
    ],
  );
});

test("a value without a neighbour is isolated", () => {
  assert.deepEqual(isolated([]), []);
  assert.deepEqual(isolated([3]), [0]);
  assert.deepEqual(isolated([null, 0, null, 1, 2, null, 5]), [1, 6]);
});
