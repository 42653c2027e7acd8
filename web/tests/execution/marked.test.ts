import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../../src/execution/log.ts";
import { marked } from "../../src/execution/marked.ts";
import { PLAIN } from "../../src/execution/sgr.ts";
import { randomly } from "./random.ts";

const RED = { foreground: 1 };
const ROW: Row = {
  line: 1,
  isFirst: true,
  source: "stdout",
  start: 100,
  spans: [
    { text: "abcd", style: PLAIN },
    { text: "efgh", style: RED },
  ],
};

function shown(matches: [number, number][], current: number | null = null): string {
  const marks = { match: "*", current: "!" };
  return marked(ROW, matches, current)
    .map(
      ({ text, style, mark }) => `${style === RED ? "red:" : ""}${text}${mark ? marks[mark] : ""}`,
    )
    .join(" ");
}

test("spans are cut where matches begin and end", () => {
  assert.equal(shown([]), "abcd red:efgh");
  assert.equal(shown([[101, 103]]), "a bc* d red:efgh");
  assert.equal(shown([[102, 106]], 102), "ab cd! red:ef! red:gh");
  assert.equal(
    shown(
      [
        [101, 102],
        [103, 104],
      ],
      103,
    ),
    "a b* c d! red:efgh",
  );
});

test("a match may begin before the row, and end behind it", () => {
  assert.equal(shown([[90, 102]]), "ab* cd red:efgh");
  assert.equal(shown([[106, 120]]), "abcd red:ef red:gh*");
  assert.equal(shown([[90, 120]]), "abcd* red:efgh*");
});

test("whatever is found, the text stays as it is", () => {
  randomly(100, (random) => {
    const matches = Array.from({ length: random.below(4) }, (): [number, number] => {
      const from = 95 + random.below(15);
      return [from, from + 1 + random.below(5)];
    }).sort(([one], [other]) => one - other);
    assert.equal(
      marked(ROW, matches, null)
        .map(({ text }) => text)
        .join(""),
      "abcdefgh",
    );
  });
});
