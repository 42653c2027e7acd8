import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Difference,
  difference,
  ended,
  visibleSpace,
} from "../../src/execution/difference.ts";
import { randomly } from "./random.ts";
import { isExact } from "../../src/execution/submission.ts";

const SIGNS = { same: " ", missing: "-", extra: "+", omitted: "…" };

function shown({ rows }: Difference): string[] {
  return rows.map(
    ({ kind, parts }) =>
      SIGNS[kind] + parts.map(({ text, differs }) => (differs ? `[${text}]` : text)).join(""),
  );
}

test("what is equal", () => {
  assert.deepEqual(shown(difference("a\nb\n", "a\nb\n")), ["…2 equal lines"]);
  assert.deepEqual(shown(difference("a\n", "a\n")), [" a\n"]);
  assert.deepEqual(difference("", ""), { rows: [], isPartial: false });
});

test("what is missing, and what is too much", () => {
  assert.deepEqual(shown(difference("a\nb\n", "a\n")), [" a\n", "-b\n"]);
  assert.deepEqual(shown(difference("a\n", "a\nb\nc\n")), [" a\n", "+b\n", "+c\n"]);
  const { rows } = difference("a\nb\n", "b\nc\n");
  assert.deepEqual(
    rows.map(({ expected, actual }) => [expected, actual]),
    [
      [1, null],
      [2, 1],
      [null, 2],
    ],
  );
});

test("a line that differs, word by word", () => {
  assert.deepEqual(shown(difference("sum 4 ok\n", "sum 5 ok\n")), [
    "-sum [4] ok\n",
    "+sum [5] ok\n",
  ]);
});

test("a missing line break at the end is a difference", () => {
  assert.deepEqual(shown(difference("a\n", "a")), ["-a[\n]", "+a"]);
});

test("equal lines far from a difference are left out", () => {
  const lines = Array.from({ length: 50 }, (_, n) => `${n}\n`);
  const changed = lines.with(20, "x\n").join("");
  const rows = shown(difference(lines.join(""), changed));
  assert.equal(rows[0], "…17 equal lines");
  assert.equal(rows.at(-1), "…26 equal lines");
  assert.equal(rows.length, 10);
});

test("however different and large both are, it takes a bounded time", () => {
  const numbers = (step: number, count: number) =>
    Array.from({ length: count }, (_, n) => `${n * step}\n`).join("");
  const texts = [
    numbers(2, 9_000),
    numbers(3, 9_000),
    "x".repeat(4_000_000),
    "xy".repeat(2_000_000),
    "\n".repeat(4_000_000),
    "",
  ];
  const before = process.cpuUsage();
  for (const [index, expected] of texts.entries()) {
    const actual = texts[(index + 1) % texts.length] ?? "";
    assert.ok(difference(expected, actual).rows.length <= 1_000);
  }
  assert.ok(process.cpuUsage(before).user < 5_000_000);
  assert.ok(difference(numbers(2, 9_000), numbers(3, 9_000)).isPartial);
  assert.equal(
    shown(difference(numbers(2, 90_000), numbers(2, 90_000).replace("\n1000\n", "\nx\n")))[0],
    "…497 equal lines",
  );
});

test("words are compared for a bounded time", () => {
  const lines = (word: string) =>
    Array.from({ length: 100 }, (_, n) => `${word.repeat(300)}${n}\n`).join("");
  const before = process.cpuUsage();
  const { rows } = difference(lines(";a "), lines(".b\t"));
  assert.ok(process.cpuUsage(before).user < 3_000_000);
  assert.equal(rows.length, 200);
});

test("what is compared only in part says so", () => {
  const same = `${"a long line ".repeat(100)}\n`.repeat(600);
  assert.ok(difference(`${same}1`, `${same}2`).isPartial);
  assert.ok(!difference("a\n", "b\n").isPartial);
});

test("the rows contain both texts", () => {
  randomly(200, (random) => {
    const text = () =>
      Array.from({ length: random.below(7) }, () =>
        random.of(["a\n", "b\n", "c d\n", "\n", "e"]),
      ).join("");
    const [expected, actual] = [text(), text()];
    const { rows } = difference(expected, actual);
    const side = (own: "expected" | "actual") =>
      rows
        .filter((row) => row[own] !== null)
        .map(({ parts }) => parts.map((part) => part.text).join(""))
        .join("");
    assert.equal(side("expected"), expected);
    assert.equal(side("actual"), actual);
  });
});

test("white space can be seen", () => {
  assert.equal(visibleSpace("a b\t\r\n"), "a·b→\t␍⏎");
});

test("the end of a text counts only if the comparison is exact", () => {
  assert.equal(ended("a\nb"), ended("a\nb \n\n"));
  assert.equal(isExact({ expected_output: "x" }, null), false);
  assert.equal(isExact({ expected_output: "x", compare: "exact" }, null), true);
  assert.equal(isExact({ expected_output_base64: "eA==" }, null), true);
  const tests = [{ expected_output: "x" }, { expected_output_base64: "eA==" }, {}];
  assert.deepEqual(
    [0, 1, 2].map((index) => isExact({ tests, expected_output: "y" }, index)),
    [false, true, false],
  );
  assert.equal(isExact({ tests, compare: "tokens" }, 1), false);
});
