import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, timeOfDay, toLocal, toUtc } from "../../src/operator/times.ts";

test("a time of an input becomes one of the API and comes back", () => {
  const utc = toUtc("2026-01-02T03:04:05");
  assert.match(utc, /^2026-01-0[123]T\d\d:\d\d:05\.000Z$/);
  assert.equal(toLocal(utc), "2026-01-02T03:04:05");
});

test("what is no time is none", () => {
  for (const text of ["", "yesterday", "2026-13-01T00:00"]) assert.equal(toUtc(text), "");
  for (const text of [null, "", "x"]) assert.equal(toLocal(text), "");
});

test("a chart shows hours and minutes", () => {
  assert.equal(timeOfDay(new Date(2026, 0, 2, 3, 4, 5).getTime() / 1000), "03:04");
});

test("of today, only the time of day is shown", () => {
  const noon = new Date(2026, 0, 2, 12, 0, 0);
  const utc = noon.toISOString();
  assert.equal(clock(utc, noon.getTime()), "12:00:00");
  assert.equal(clock(utc, noon.getTime() + 24 * 3600_000), "2026-01-02 12:00:00");
});
