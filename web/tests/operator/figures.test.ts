import assert from "node:assert/strict";
import { test } from "node:test";
import { countedUpTo, optionalAge, percentile, rate } from "../../src/operator/figures.ts";

test("percentiles are labelled with their unit, or a dash", () => {
  assert.equal(percentile(null, "p50"), "–");
  assert.equal(percentile({ p50: 12.4, p95: 3400 }, "p50"), "12 ms");
  assert.equal(percentile({ p50: 12.4, p95: 3400 }, "p95"), "3.40 s");
});

test("an age is in its largest unit, or a dash", () => {
  assert.equal(optionalAge(null), "–");
  assert.equal(optionalAge(undefined), "–");
  assert.equal(optionalAge(0), "0 s");
  assert.equal(optionalAge(7300), "2 h");
});

test("a count that was cut says so", () => {
  assert.equal(countedUpTo(999, 1000), "999");
  assert.equal(countedUpTo(1000, 1000), "1,000 or more");
});

test("a rate has as many digits as it needs", () => {
  assert.deepEqual([0, 3, 0.25, 1.5, 1200].map(rate), ["0", "3", "0.25", "1.5", "1,200"]);
});
