import assert from "node:assert/strict";
import { test } from "node:test";
import { clicked, parseLines, writeLines } from "../../src/execution/anchors.ts";
import { LongText } from "../../src/execution/long-text.ts";
import { MOST_MATCHES, Search } from "../../src/execution/search.ts";
import { positionOf, scrollTopOf, windowOf } from "../../src/execution/window.ts";
import { randomly } from "./random.ts";

test("the rows in sight, and some around them", () => {
  assert.deepEqual(windowOf(1000, 20, 400, 0), { height: 20_000, first: 0, end: 31, top: 0 });
  assert.deepEqual(windowOf(1000, 20, 400, 10_000), {
    height: 20_000,
    first: 490,
    end: 531,
    top: 9800,
  });
  assert.deepEqual(windowOf(3, 20, 400, 0), { height: 60, first: 0, end: 3, top: 0 });
  assert.deepEqual(windowOf(0, 20, 400, 0), { height: 0, first: 0, end: 0, top: 0 });
});

test("wherever it is scrolled to, the rows cover the viewport", () => {
  randomly(200, (random) => {
    const rows = random.below(3_000_000);
    const viewport = 100 + random.below(1000);
    const { height } = windowOf(rows, 18, viewport, 0);
    const scrollTop = random.below(Math.max(height - viewport, 0) + 50);
    const { first, end, top } = windowOf(rows, 18, viewport, scrollTop);
    const shownFrom = Math.min(scrollTop, Math.max(height - viewport, 0));
    assert.ok(height <= 15_000_000);
    assert.ok(first === 0 || top <= shownFrom);
    assert.ok(end === rows || top + (end - first) * 18 >= shownFrom + viewport);
    assert.ok(end - first < viewport / 18 + 25);
  });
});

test("the end of a list that is too high is reached", () => {
  const rows = 2_000_000;
  const { height } = windowOf(rows, 18, 500, 0);
  assert.equal(windowOf(rows, 18, 500, height - 500).end, rows);
});

test("scrolling to a row brings it to the middle", () => {
  for (const rows of [1000, 2_000_000]) {
    for (const row of [0, 17, 500, rows - 1]) {
      const top = scrollTopOf(row, rows, 18, 500);
      const position = positionOf(rows, 18, 500, top);
      assert.ok(
        position <= row * 18 + 0.01 && position + 500 >= row * 18 + 17.9,
        `${row} of ${rows}`,
      );
    }
  }
  assert.equal(scrollTopOf(2, 3, 18, 500), 0);
});

test("lines in a link", () => {
  assert.deepEqual(parseLines("#stdout-L12"), { stream: "stdout", from: 12, to: 12 });
  assert.deepEqual(parseLines("#stderr-L12-L20"), { stream: "stderr", from: 12, to: 20 });
  assert.deepEqual(parseLines("#stdout-L20-12"), { stream: "stdout", from: 12, to: 20 });
  const others = ["", "#", "#L1", "#stdout", "#stdout-L0", "#stdout-l1", "#mark-L1"];
  for (const other of [...others, "#stdout-L1x", "#stdout-L-1", "#stdout-L9999999999"]) {
    assert.equal(parseLines(other), null, other);
  }
  for (const lines of [
    { stream: "stdout", from: 3, to: 3 },
    { stream: "stderr", from: 3, to: 9 },
  ] as const) {
    assert.deepEqual(parseLines(writeLines(lines)), lines);
  }
});

test("Shift extends the selected lines of a stream", () => {
  const at = (from: number, to = from) => ({ stream: "stdout", from, to }) as const;
  assert.deepEqual(clicked(null, "stdout", 5, true), at(5));
  assert.deepEqual(clicked(at(5), "stdout", 9, true), at(5, 9));
  assert.deepEqual(clicked(at(5, 9), "stdout", 2, true), at(2, 5));
  assert.deepEqual(clicked(at(5, 9), "stdout", 7, false), at(7));
  assert.deepEqual(clicked(at(5, 9), "stderr", 7, true), { stream: "stderr", from: 7, to: 7 });
});

function textOf(...parts: string[]): LongText {
  const text = new LongText();
  for (const part of parts) text.append(part);
  return text;
}

test("a long text is the sum of its parts", () => {
  randomly(100, (random) => {
    const parts = Array.from({ length: 9 }, () => "abcdefg".repeat(random.below(6_000)));
    const [text, whole] = [textOf(...parts), parts.join("")];
    const from = random.below(whole.length + 1);
    const to = from + random.below(100_000);
    assert.equal(text.slice(from, to), whole.slice(from, to));
    assert.equal(text.length, whole.length);
  });
});

test("search finds what is there, whatever its case, also in what arrives later", () => {
  const text = textOf("Error: x\nno er");
  const search = new Search(text, "error");
  search.update();
  assert.deepEqual(search.matches, [0]);
  text.append("ROR\nerrorerror");
  search.update();
  search.update();
  assert.deepEqual(search.matches, [0, 12, 18, 23]);
  assert.deepEqual(search.within(13, 19), [
    [12, 17],
    [18, 23],
  ]);
  assert.deepEqual(search.within(17, 18), []);
  assert.equal(search.nextAfter(-1), 0);
  assert.equal(search.nextAfter(12), 2);
  assert.equal(search.nextAfter(23), 0);
});

test("in pieces, search finds what it finds in the whole", () => {
  randomly(120, (random) => {
    const whole = Array.from({ length: 60 }, () => random.of(["a", "b", "A"])).join("");
    const needle = random.of(["a", "ab", "aba", "aa", "b"]);
    const text = new LongText();
    const search = new Search(text, needle);
    for (const part of random.cuts(whole)) {
      text.append(part);
      search.update();
    }
    const expected = [...whole.matchAll(new RegExp(needle, "gi"))].map((found) => found.index);
    assert.deepEqual(search.matches, expected, `${needle} in ${whole}`);
  });
});

test("search takes no text as a pattern, and stops at its limit", () => {
  const dots = new Search(textOf("a.c abc"), "a.c");
  dots.update();
  assert.deepEqual(dots.matches, [0]);
  const many = new Search(textOf("x".repeat(20_000)), "x");
  many.update();
  assert.equal(many.matches.length, MOST_MATCHES);
  const none = new Search(textOf("abc"), "");
  none.update();
  assert.equal(none.nextAfter(0), -1);
});
