import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictOf } from "../../src/execution/verdict.ts";

const FACTS = { outcome: "success", exit_code: null, signal: null, stopped_by: null };

test("verdicts in words", () => {
  assert.deepEqual(verdictOf({ ...FACTS, exit_code: 0 }), {
    word: "Success",
    tone: "good",
    reason: "The program ended with exit code 0.",
  });
  assert.equal(
    verdictOf({ ...FACTS, outcome: "runtime_error", exit_code: 3 }).reason,
    "The program ended with exit code 3.",
  );
  assert.equal(
    verdictOf({ ...FACTS, outcome: "runtime_error", signal: "SIGSEGV" }).reason,
    "The program was ended by SIGSEGV: it accessed memory that is not its own.",
  );
  assert.equal(
    verdictOf({ ...FACTS, outcome: "runtime_error", signal: "SIGRTMIN+6" }).reason,
    "The program was ended by SIGRTMIN+6.",
  );
  assert.deepEqual(
    verdictOf({ ...FACTS, outcome: "time_limit", signal: "SIGKILL", stopped_by: "cpu_seconds" }),
    {
      word: "Time limit",
      tone: "warn",
      reason: "The program used more CPU time than its limit.",
    },
  );
  assert.equal(
    verdictOf({ ...FACTS, outcome: "compile_error", stopped_by: "memory_mib" }).reason,
    "The compiler used more memory than its limit.",
  );
  assert.equal(
    verdictOf({ ...FACTS, outcome: "compile_error" }).reason,
    "The program did not compile.",
  );
  assert.deepEqual(verdictOf({ ...FACTS, outcome: "of_later" }), {
    word: "of later",
    tone: "bad",
    reason: "",
  });
});
