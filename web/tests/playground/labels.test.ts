import assert from "node:assert/strict";
import test from "node:test";
import { labelAt } from "../../src/playground/labels.ts";
import { withFiles } from "../../src/playground/files.ts";
import { draftWith } from "../../src/playground/model.ts";

const DRAFT = withFiles(draftWith("python", "main.py", ""), [
  { name: "lib/\u202eyp.exe", content: "", encoding: "utf-8" },
]);

const LABELS: readonly (readonly [pointer: string, label: string | null])[] = [
  ["/language", "Language"],
  ["/source", "File main.py"],
  ["/files", "Files"],
  ["/files/0/name", "File main.py"],
  ["/files/7", "Files"],
  ["/stdin", "Standard input"],
  ["/args", "Arguments"],
  ["/args/1", "Argument 2"],
  ["/env", "Environment"],
  ["/env/A~1B", "Variable A/B"],
  ["/limits", "Limits"],
  ["/limits/wall_seconds", "Wall time"],
  ["/limits/new", null],
  ["/compile_args/0", "Compiler argument 1"],
  ["/artifacts/2", "Pattern 3"],
  ["/compare/numbers/absolute", "Compare"],
  ["/tests", "Tests"],
  ["/tests/7", "Test 8"],
  ["/tests/7/expected_output", "Test 8, expected output"],
  ["/tests/0/limits/cpu_seconds", "Test 1"],
  ["/checker/source", null],
  ["/stdin_base64", null],
  ["", null],
];

test("a problem is named as the form names its field", () => {
  for (const [pointer, label] of LABELS) assert.equal(labelAt(pointer, DRAFT), label, pointer);
});

test("a file's name can't turn the text around it", () => {
  assert.doesNotMatch(labelAt("/files/1", DRAFT) ?? "", /\u202e/);
});
