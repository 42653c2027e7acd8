import assert from "node:assert/strict";
import { test } from "node:test";
import { age, bytes, counted, duration } from "../../src/parts/format.ts";

test("an age has its largest unit", () => {
  const seconds = [-3, 0, 59.9, 60, 3599, 3600, 86_399, 86_400, 1e6];
  assert.deepEqual(seconds.map(age), [
    "0 s",
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "23 h",
    "1 d",
    "11 d",
  ]);
});

test("a duration has three digits or two units", () => {
  const given = [0.4, 1, 999, 1234, 12_345, 60_000, 200_000, 3_600_000, 5_400_000];
  assert.deepEqual(given.map(duration), [
    "< 1 ms",
    "1 ms",
    "999 ms",
    "1.23 s",
    "12.3 s",
    "1 min 0 s",
    "3 min 20 s",
    "1 h 0 min",
    "1 h 30 min",
  ]);
});

test("bytes are counted in binary units", () => {
  const given = [0, 1023, 1024, 1536, 20 * 1024 ** 2, 1024 ** 4 * 2048];
  assert.deepEqual(given.map(bytes), ["0 B", "1023 B", "1 KiB", "1.5 KiB", "20 MiB", "2048 TiB"]);
});

test("one thing is not two", () => {
  assert.equal(counted(1, "execution"), "1 execution");
  assert.equal(counted(2345, "execution"), "2,345 executions");
  assert.equal(counted(0, "entry", "entries"), "0 entries");
});
