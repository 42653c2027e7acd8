import assert from "node:assert/strict";
import test from "node:test";
import { entryAt, fieldAt } from "../../src/playground/pointer.ts";

const FIELDS: readonly (readonly [string, string])[] = [
  ["/language", "code language"],
  ["/version", "code version"],
  ["/source", "code files 0"],
  ["/files", "code files"],
  ["/files/3/name", "code files 3"],
  ["/files/12/content", "code files 12"],
  ["/entrypoint", "code entrypoint"],
  ["/stdin", "input stdin"],
  ["/args/2", "input args 2"],
  ["/args", "input args"],
  ["/env/A~1B", "input env"],
  ["/limits/wall_seconds", "settings limits.wall_seconds"],
  ["/limits", "settings limits"],
  ["/compile_args/0", "settings compile_args 0"],
  ["/artifacts/1", "settings artifacts 1"],
  ["/expected_output", "tests expected_output"],
  ["/compare/numbers/absolute", "tests compare"],
  ["/tests", "tests tests"],
  ["/tests/7/expected_output", "tests tests.expected 7"],
  ["/tests/7/limits/wall_seconds", "tests tests.other 7"],
  ["/tests/7", "tests tests.other 7"],
  ["/checker/source", "settings other"],
  ["/labels/a", "settings other"],
  ["/stdin_base64", "settings other"],
  ["/unknown", "settings other"],
  ["", "settings other"],
  ["/files/99999999999999999999", "code files"],
  ["/constructor", "settings other"],
];

test("each pointer leads to a field", () => {
  for (const [pointer, expected] of FIELDS) {
    const { panel, name, index } = fieldAt(pointer);
    assert.equal([panel, name, ...(index === null ? [] : [index])].join(" "), expected, pointer);
  }
});

test("names in pointers are unescaped", () => {
  assert.equal(entryAt("/env/a~1b~0c~01"), "a/b~c~1");
  assert.equal(entryAt("/env"), null);
});
