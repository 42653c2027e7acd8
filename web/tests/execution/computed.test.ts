import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { clicked, parseLines, writeLines } from "../../src/execution/anchors.ts";
import { breaks, isNarrow } from "../../src/execution/cells.ts";
import {
  LEAST_CONTRAST,
  type Rgb,
  contrast,
  css,
  parsed,
  readable,
  themeOn,
} from "../../src/execution/colours.ts";
import { difference } from "../../src/execution/difference.ts";
import { Growing } from "../../src/execution/growing.ts";
import { LongText } from "../../src/execution/long-text.ts";
import { PLAIN, type Style, styled } from "../../src/execution/sgr.ts";
import { decoded, expectedOf, isExact, stdinOf, textOf } from "../../src/execution/submission.ts";

const RGB: fc.Arbitrary<Rgb> = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
const LIGHT = themeOn([255, 255, 255], [0, 0, 0]);
const DARK = themeOn([13, 17, 23], [230, 237, 243]);

test("contrast is that of WCAG: 21 of black on white, 1 of anything on itself", () => {
  assert.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21);
  fc.assert(fc.property(RGB, (colour) => assert.equal(contrast(colour, colour), 1)));
  fc.assert(
    fc.property(RGB, RGB, (one, other) => assert.equal(contrast(one, other), contrast(other, one))),
  );
  // https://webaim.org/resources/contrastchecker/
  assert.equal(contrast([119, 119, 119], [255, 255, 255]).toFixed(2), "4.48");
});

test("whatever colours a program chooses, its text can be read", () => {
  const colour = fc.oneof(fc.nat(15), RGB);
  const style = fc.record(
    { foreground: colour, background: colour, inverse: fc.constant(true), dim: fc.constant(true) },
    { requiredKeys: [] },
  );
  for (const theme of [LIGHT, DARK]) {
    fc.assert(
      fc.property(style, (made) => {
        const found = css(made as Style, theme);
        const text = found.color ? parsed(found.color) : theme.foreground;
        const under = found.backgroundColor ? parsed(found.backgroundColor) : theme.background;
        assert.ok(contrast(text, under) >= LEAST_CONTRAST, JSON.stringify(found));
      }),
    );
  }
});

test("a colour that can be read stays as it is", () => {
  assert.deepEqual(readable([0, 0, 128], [255, 255, 255]), [0, 0, 128]);
  assert.notDeepEqual(readable([200, 200, 200], [255, 255, 255]), [200, 200, 200]);
});

const STYLES: readonly [what: string, style: Style, expected: Record<string, string>][] = [
  ["plain text has no style of its own", PLAIN, {}],
  ["bold", { bold: true }, { fontWeight: "bold" }],
  ["italic", { italic: true }, { fontStyle: "italic" }],
  ["lines", { underline: true, strike: true }, { textDecoration: "underline line-through" }],
  ["inverse", { inverse: true }, { color: "rgb(255, 255, 255)", backgroundColor: "rgb(0, 0, 0)" }],
  ["a colour", { foreground: [0, 0, 128] }, { color: "rgb(0, 0, 128)" }],
];

test("styles become rules of CSS", () => {
  for (const [what, style, expected] of STYLES) assert.deepEqual(css(style, LIGHT), expected, what);
});

test("what the browser says of a colour is read", () => {
  assert.deepEqual(parsed("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.deepEqual(parsed("rgba(1, 2, 3, 0.5)"), [1, 2, 3]);
  assert.deepEqual(parsed("transparent"), [0, 0, 0]);
});

test("the sixteen colours are those of the background", () => {
  assert.notDeepEqual(LIGHT.sixteen, DARK.sixteen);
  assert.equal(LIGHT.sixteen.length, 16);
});

test("styles add up, whatever order their codes come in, and 0 ends all", () => {
  const code = fc.constantFrom("1", "2", "3", "4", "7", "9", "31", "42", "95", "103", "38;5;208");
  fc.assert(
    fc.property(fc.array(code, { maxLength: 8 }), (codes) => {
      const atOnce = styled(PLAIN, codes.join(";") || "0");
      const oneByOne = codes.reduce((style, each) => styled(style, each), PLAIN);
      assert.deepEqual(atOnce, oneByOne);
      assert.equal(styled(atOnce, "0"), PLAIN);
      assert.equal(styled(atOnce, ""), PLAIN);
    }),
  );
});

test("no parameters of a hostile program are an error", () => {
  const parameters = fc.string({ unit: fc.constantFrom(..."0123456789;:") });
  fc.assert(
    fc.property(parameters, (text) => {
      const style = styled({ bold: true }, text);
      for (const colour of [style.foreground, style.background].flat()) {
        assert.ok(
          colour === undefined || (Number.isInteger(colour) && colour >= 0 && colour < 256),
        );
      }
    }),
  );
});

const LINES = fc
  .record({
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    from: fc.integer({ min: 1, max: 999_999_999 }),
    more: fc.nat(1000),
  })
  .map(({ stream, from, more }) => ({ stream, from, to: Math.min(from + more, 999_999_999) }));

test("a link to lines leads to the same lines", () => {
  fc.assert(fc.property(LINES, (lines) => assert.deepEqual(parseLines(writeLines(lines)), lines)));
});

test("a link of somebody else's is read, or is none", () => {
  const hash = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(..."#stdoutstderr-L0123"), maxLength: 24 }),
  );
  fc.assert(
    fc.property(hash, (text) => {
      const lines = parseLines(text);
      assert.ok(lines === null || (lines.from >= 1 && lines.from <= lines.to));
    }),
  );
  const bad = ["", "#stdout", "#stdout-L0", "#stdin-L1", "#stdout-L1-", "#stdout-L1x", "stdout-L1"];
  for (const text of bad) assert.equal(parseLines(text), null, text);
});

test("with Shift, a click extends what is selected, up or down, within its stream", () => {
  const selected = { stream: "stdout", from: 5, to: 7 } as const;
  assert.deepEqual(clicked(selected, "stdout", 9, true), { stream: "stdout", from: 5, to: 9 });
  assert.deepEqual(clicked(selected, "stdout", 2, true), { stream: "stdout", from: 2, to: 5 });
  const alone = { stream: "stderr", from: 9, to: 9 };
  assert.deepEqual(clicked(selected, "stderr", 9, true), alone);
  assert.deepEqual(clicked(null, "stderr", 9, true), alone);
  assert.deepEqual(clicked({ ...selected, stream: "stderr" }, "stderr", 9, false), alone);
});

test("a list of numbers grows, and finds the last one up to a limit", () => {
  const steps = fc.array(fc.nat(50), { maxLength: 600 });
  fc.assert(
    fc.property(steps, fc.nat(2000), (each, limit) => {
      const growing = new Growing();
      const numbers: number[] = [];
      for (const step of each) {
        numbers.push((numbers.at(-1) ?? 0) + step);
        growing.push(numbers.at(-1) ?? 0);
      }
      assert.equal(growing.length, numbers.length);
      assert.equal(growing.lastUpTo(limit), numbers.filter((number) => number <= limit).length - 1);
      assert.equal(growing.at(numbers.length), undefined);
      assert.equal(growing.at(numbers.length - 1), numbers.at(-1));
    }),
  );
});

test("bits are set in the last number only, and in none of an empty list", () => {
  const growing = new Growing();
  growing.mark(4);
  assert.equal(growing.length, 0);
  growing.push(1);
  growing.push(2);
  growing.mark(4);
  growing.mark(8);
  assert.deepEqual([growing.at(0), growing.at(1)], [1, 14]);
  growing.clear();
  assert.equal(growing.at(0), undefined);
});

test("any part of a long text is what it is of the whole", () => {
  const pieces = fc.array(fc.string({ maxLength: 40 }), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, fc.nat(600), fc.nat(600), (parts, from, to) => {
      const text = new LongText();
      for (const part of parts) text.append(part);
      const whole = parts.join("");
      assert.equal(text.length, whole.length);
      assert.equal(text.slice(from, Math.max(from, to)), whole.slice(from, Math.max(from, to)));
    }),
  );
});

/** The rows of a line. */
function rows(text: string, columns: number): string[] {
  const at = [0];
  breaks(text, columns, 0, 0, (index) => at.push(index));
  return at.map((from, index) => text.slice(from, at[index + 1]));
}

const CELLS: readonly [text: string, columns: number, rows: string[]][] = [
  ["abcdef", 3, ["abc", "def"]],
  ["漢字漢", 4, ["漢字", "漢"]],
  ["a漢字", 2, ["a", "漢", "字"]],
  ["e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]],
  ["a\tb", 8, ["a\t", "b"]],
  ["\t\t", 4, ["\t", "\t"]],
  ["😀😀", 2, ["😀", "😀"]],
  ["", 4, [""]],
];

test("rows end before what doesn't fit", () => {
  for (const [text, columns, expected] of CELLS) assert.deepEqual(rows(text, columns), expected);
});

test("whatever a line has, its rows are the line, and none splits a character", () => {
  const unit = fc.constantFrom("a", " ", "\t", "漢", "😀", "e\u0301", "\u0301", "\u200d", "한");
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 60 }),
      fc.integer({ min: 2, max: 20 }),
      (text, columns) => {
        const found = rows(text, columns);
        assert.equal(found.join(""), text);
        for (const row of found) {
          assert.ok(row.length <= columns * 4, "more than the page can draw");
          assert.doesNotMatch(row, /^[\udc00-\udfff]|[\ud800-\udbff]$/);
        }
      },
    ),
  );
});

test("only what has one cell for each unit is narrow", () => {
  assert.deepEqual(["abc\n", "é", "␀", "\t", "漢", "😀", "\u0301", "\u200b"].map(isNarrow), [
    ...[true, true, true, false, false, false, false, false],
  ]);
});

test("a difference has all lines of both texts, in their order, unless it leaves out equal ones", () => {
  const lines = fc.array(fc.constantFrom("a\n", "b\n", "c d\n", "\n"), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (expected, actual) => {
      const { rows: found } = difference(expected.join(""), actual.join(""));
      const text = ({ parts }: (typeof found)[number]) => parts.map((each) => each.text).join("");
      let [left, right] = [0, 0];
      for (const row of found) {
        if (row.kind === "omitted") {
          const count = Number(text(row).split(" ")[0]);
          left += count;
          right += count;
          continue;
        }
        if (row.kind !== "extra") assert.equal(text(row), expected[left++]);
        if (row.kind !== "missing") assert.equal(text(row), actual[right++]);
        assert.equal(row.expected ?? left, left);
        assert.equal(row.actual ?? right, right);
      }
      assert.deepEqual([left, right], [expected.length, actual.length]);
    }),
  );
});

const BASE64 = Buffer.from("é").toString("base64");

test("a test's input and expectation are its own, or else the submission's", () => {
  const sent = {
    stdin: "common",
    expected_output: "all",
    tests: [{}, { stdin_base64: BASE64, expected_output: "own" }, { stdin: "" }],
  };
  const seen = [null, 0, 1, 2, 9].map((index) => [stdinOf(sent, index), expectedOf(sent, index)]);
  assert.deepEqual(seen, [
    ["common", "all"],
    ["common", "all"],
    ["é", "own"],
    ["", "all"],
    ["common", "all"],
  ]);
  assert.deepEqual([stdinOf({}, null), expectedOf({}, 0)], [null, null]);
});

test("text comes before base64, and what is no base64 stays as it is", () => {
  assert.equal(textOf("text", BASE64), "text");
  assert.equal(textOf("", BASE64), "");
  assert.equal(textOf(null, BASE64), "é");
  assert.equal(textOf(undefined, undefined), null);
  assert.equal(decoded("*"), "*");
});

const EXACT: readonly [submission: object, index: number | null, exact: boolean][] = [
  [{ compare: "exact", expected_output: "a" }, null, true],
  [{ compare: "tokens", expected_output_base64: BASE64 }, null, false],
  [{ expected_output: "a" }, null, false],
  [{ expected_output_base64: BASE64 }, null, true],
  [{ expected_output: "a", tests: [{}, { expected_output_base64: BASE64 }] }, 0, false],
  [{ expected_output: "a", tests: [{}, { expected_output_base64: BASE64 }] }, 1, true],
  [{ expected_output_base64: BASE64, tests: [{ expected_output: "a" }] }, 0, false],
  [{ compare: null, tests: [{ expected_output: null, expected_output_base64: null }] }, 0, true],
];

test("bytes are compared exactly, texts only if they are asked to be", () => {
  for (const [submission, index, exact] of EXACT) {
    assert.equal(isExact(submission, index), exact, JSON.stringify(submission));
  }
});
