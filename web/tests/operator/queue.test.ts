import assert from "node:assert/strict";
import { test } from "node:test";
import { bandsOf } from "../../src/operator/queue-tables.tsx";

test("each priority has what is queued, what is further, and its oldest age", () => {
  const none = { critical: 0, high: 0, normal: 0, low: 0, background: 0 };
  const bands = bandsOf({
    counts: {
      queued: { ...none, normal: 3 },
      admitted: { ...none, normal: 1 },
      running: { ...none, normal: 2, low: 1 },
    },
    oldest_by_priority: { normal: 4.5 },
    oldest_queued_seconds: 4.5,
    owners: [],
    events_not_in_log: { executions: 0, oldest_seconds: null },
    slots: { total: 4, used: 4, free: 0 },
  });
  assert.deepEqual(
    bands.map((band) => band.priority),
    ["critical", "high", "normal", "low", "background"],
  );
  assert.deepEqual(bands[2], { priority: "normal", queued: 3, working: 3, oldest: 4.5 });
  assert.deepEqual(bands[3], { priority: "low", queued: 0, working: 1, oldest: undefined });
});
