import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration } from "../../src/execution/format.ts";
import { verdictOf } from "../../src/execution/verdict.ts";

const FACTS = { outcome: "success", exit_code: null, signal: null, stopped_by: null };

test("verdicts in words", () => {
  assert.deepEqual(verdictOf({ ...FACTS, exit_code: 0 }), { word: "Success", tone: "good", reason: "The program ended with exit code 0." });
  assert.equal(verdictOf({ ...FACTS, outcome: "runtime_error", exit_code: 3 }).reason, "The program ended with exit code 3.");
  assert.equal(verdictOf({ ...FACTS, outcome: "runtime_error", signal: "SIGSEGV" }).reason, "The program was ended by SIGSEGV: it accessed memory that is not its own.");
  assert.equal(verdictOf({ ...FACTS, outcome: "runtime_error", signal: "SIGRTMIN+6" }).reason, "The program was ended by SIGRTMIN+6.");
  assert.deepEqual(verdictOf({ ...FACTS, outcome: "time_limit", signal: "SIGKILL", stopped_by: "cpu_seconds" }), {
    word: "Time limit",
    tone: "warn",
    reason: "The program used more CPU time than its limit.",
  });
  assert.equal(verdictOf({ ...FACTS, outcome: "compile_error", stopped_by: "memory_mib" }).reason, "The compiler used more memory than its limit.");
  assert.equal(verdictOf({ ...FACTS, outcome: "compile_error" }).reason, "The compiler made no program.");
  assert.deepEqual(verdictOf({ ...FACTS, outcome: "of_later" }), { word: "of later", tone: "bad", reason: "" });
});

test("durations", () => {
  const shown = [0, 0.25, 3.14, 12.4, 999, 999.9, 1250, 12_340, 59_960, 185_000, 3_600_000, 7_440_000].map(duration);
  assert.deepEqual(shown, ["0 ms", "0.25 ms", "3.1 ms", "12 ms", "999 ms", "1 s", "1.25 s", "12.3 s", "1 min", "3 min 5 s", "1 h", "2 h 4 min"]);
});

test("bytes", () => {
  const shown = [0, 1, 1023, 1024, 1536, 1048575, 4 * 1024 ** 2, 3 * 1024 ** 4].map(bytes);
  assert.deepEqual(shown, ["0 bytes", "1 byte", "1023 bytes", "1 KiB", "1.5 KiB", "1 MiB", "4 MiB", "3 TiB"]);
});

test("counts", () => {
  assert.deepEqual([count(1, "row", "rows"), count(12_345, "row", "rows")], ["1 row", "12,345 rows"]);
});
