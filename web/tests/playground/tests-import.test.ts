import assert from "node:assert/strict";
import test from "node:test";
import type { TestRow } from "../../src/playground/model.ts";
import { naturally, testsIn } from "../../src/playground/tests-import.ts";
import { testsFrom } from "../../src/playground/tests-paste.ts";

const encoder = new TextEncoder();

function imported(files: Record<string, string | Uint8Array>): {
  tests: TestRow[];
  problems: readonly string[];
} {
  const named = Object.entries(files).map(([path, content]) => ({
    path,
    bytes: typeof content === "string" ? encoder.encode(content) : content,
  }));
  const { tests, problems } = testsIn(named);
  return { tests: [...tests], problems };
}

function row(name: string, stdin: string, expected: string): TestRow {
  return { name, stdin, expected, points: null, rest: {} };
}

test("pairs beside each other become tests, in the order of their numbers", () => {
  const { tests, problems } = imported({
    "10.in": "x",
    "10.out": "y",
    "2.ans": "b",
    "2.in": "a",
    README: "",
  });
  assert.deepEqual(tests, [row("2", "a", "b"), row("10", "x", "y")]);
  assert.deepEqual(problems, []);
});

test("folders are part of the names, apart from those that all share", () => {
  const kattis = {
    "p/data/secret/1.in": "b",
    "p/data/secret/1.ans": "B",
    "p/data/sample/1.in": "a",
    "p/data/sample/1.ans": "A",
  };
  assert.deepEqual(imported(kattis).tests, [row("sample/1", "a", "A"), row("secret/1", "b", "B")]);
  const alone = { "data/secret/1.in": "b", "data/secret/1.ans": "B" };
  assert.deepEqual(imported(alone).tests, [row("secret/1", "b", "B")]);
  assert.deepEqual(imported({ "t/1.in": "a", "t/1.out": "b" }).tests, [row("1", "a", "b")]);
});

test("two folders become tests, whatever their files are called", () => {
  const { tests } = imported({ "x/input/input00.txt": "a", "x/output/output00.txt": "b" });
  assert.deepEqual(tests, [row("00", "a", "b")]);
});

test("what can't be imported is named", () => {
  assert.match(imported({ "a.txt": "" }).problems[0] ?? "", /no tests/);
  const { tests, problems } = imported({ "1.in": "", "1.out": "", "2.in": "" });
  assert.equal(tests.length, 1);
  assert.match(problems[0] ?? "", /^2 has no expected output/);
});

test("bytes that are no text are kept", () => {
  const { tests } = imported({
    "1.in": new Uint8Array([255, 0]),
    "1.out": new Uint8Array([254]),
  });
  assert.deepEqual(tests, [
    {
      name: "1",
      stdin: null,
      expected: null,
      points: null,
      rest: { stdin_base64: "/wA=", expected_output_base64: "/g==" },
    },
  ]);
});

test("files that belong to no test are left over", () => {
  const leftOver = (...paths: string[]): string[] =>
    testsIn(paths.map((path) => ({ path, bytes: new Uint8Array() }))).others.map(
      (file) => file.path,
    );
  assert.deepEqual(leftOver("p/main.py", "p/t/1.in", "p/t/1.out", "p/t/2.in"), [
    "p/main.py",
    "p/t/2.in",
  ]);
  assert.deepEqual(leftOver("main.py", "input/a", "output/a", "output/b"), ["main.py", "output/b"]);
  assert.deepEqual(leftOver("a/1.in", "b/1.out"), ["a/1.in", "b/1.out"]);
});

test("numbers in names are ordered as numbers, also huge ones", () => {
  const sorted = [
    "b",
    "a10",
    "a2",
    "a",
    "a02b",
    "99999999999999999999",
    "100000000000000000000",
  ].sort(naturally);
  assert.deepEqual(sorted, [
    "a",
    "a2",
    "a02b",
    "a10",
    "b",
    "99999999999999999999",
    "100000000000000000000",
  ]);
});

test("cells of a spreadsheet become tests", () => {
  assert.deepEqual(testsFrom("1 2\t3\n4 5\t9\n"), [row("", "1 2", "3"), row("", "4 5", "9")]);
  assert.deepEqual(testsFrom('a\t"1\n""2"""\t3\r\nb\t4\t'), [
    row("a", '1\n"2"', "3"),
    row("b", "4", ""),
  ]);
});

test("JSON becomes tests, with all fields", () => {
  assert.deepEqual(
    testsFrom(' [{"name":"a","stdin":"1","expected_output":"2","points":3,"args":["x"]}]'),
    [{ name: "a", stdin: "1", expected: "2", points: 3, rest: { args: ["x"] } }],
  );
});

test("other text is no test", () => {
  for (const text of [
    "",
    "one cell",
    "a\tb\tc\td",
    "a\tb\nc",
    "[",
    "[]",
    "[1]",
    '{"a":1}',
    "x\ty\n".repeat(201),
  ]) {
    assert.equal(testsFrom(text), null, text.slice(0, 20));
  }
});

test("pasting takes time in proportion to the text", () => {
  const before = process.cpuUsage();
  testsFrom('"'.repeat(1_000_000));
  testsFrom(`"${"a".repeat(1_000_000)}`);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
