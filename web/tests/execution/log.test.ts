import assert from "node:assert/strict";
import { test } from "node:test";
import { Log, type Source } from "../../src/execution/log.ts";
import { PLAIN } from "../../src/execution/sgr.ts";
import { type Random, randomly } from "./random.ts";

const RED = { foreground: 1 };

function logOf(columns: number, ...texts: string[]): Log {
  const log = new Log(columns);
  for (const text of texts) log.append(text, PLAIN, "stdout");
  return log;
}

function rowsOf(log: Log): string[] {
  return Array.from({ length: log.rowCount }, (_, index) => {
    const row = log.row(index);
    const text = row?.spans.map((span) => span.text).join("") ?? "?";
    return row?.isFirst ? `${row.line} ${text}` : `- ${text}`;
  });
}

test("lines are numbered, and continue in rows", () => {
  assert.deepEqual(rowsOf(logOf(4, "abcdefghij\nk\n\nl")), [
    "1 abcd",
    "- efgh",
    "- ij",
    "2 k",
    "3 ",
    "4 l",
  ]);
  assert.deepEqual(rowsOf(logOf(4, "abcd\n")), ["1 abcd"]);
  assert.deepEqual(rowsOf(logOf(4)), []);
  assert.deepEqual(rowsOf(logOf(4, "\n")), ["1 "]);
});

test("wide characters take two columns, combining ones none, and none is cut in two", () => {
  assert.deepEqual(rowsOf(logOf(4, "漢字漢字")), ["1 漢字", "- 漢字"]);
  assert.deepEqual(rowsOf(logOf(3, "漢字")), ["1 漢", "- 字"]);
  assert.deepEqual(rowsOf(logOf(2, "😀😀")), ["1 😀", "- 😀"]);
  assert.deepEqual(rowsOf(logOf(2, "e\u0301e\u0301e\u0301")), ["1 e\u0301e\u0301", "- e\u0301"]);
  assert.deepEqual(rowsOf(logOf(9, "a\tb\tc")), ["1 a\tb", "- \tc"]);
  assert.deepEqual(rowsOf(logOf(1, "漢a")), ["1 漢", "- a"]);
});

test("no row has more text than the page can draw, however many characters combine", () => {
  const marks = "\u0301".repeat(20);
  const rows = ["1 e" + "\u0301".repeat(7), "- " + "\u0301".repeat(8), "- " + "\u0301".repeat(5)];
  assert.deepEqual(rowsOf(logOf(2, `e${marks}`)), rows);
  const inPieces = logOf(2, "e", ...marks);
  assert.deepEqual(rowsOf(inPieces), rows);
  inPieces.resize(80);
  inPieces.resize(2);
  assert.deepEqual(rowsOf(inPieces), rows);
  assert.equal(logOf(100, "\u200b".repeat(1_000_000)).rowCount, 2_500);
});

test("a line that another source has begun is broken", () => {
  const log = new Log(80);
  log.append("Name? ", PLAIN, "stdout");
  log.append("warning\n", PLAIN, "stderr");
  log.append("done\n", PLAIN, "stdout");
  assert.deepEqual(rowsOf(log), ["1 Name? ", "1 warning", "- done"]);
  const sources = [0, 1, 2].map((index) => log.row(index)?.source);
  assert.deepEqual(sources, ["stdout", "stderr", "stdout"] satisfies Source[]);
});

test("styles belong to parts of rows", () => {
  const log = new Log(4);
  log.append("ab", PLAIN, "stdout");
  log.append("cdef\ng", RED, "stdout");
  log.append("h", PLAIN, "stdout");
  const spans = [0, 1, 2].map((index) => log.row(index)?.spans);
  assert.deepEqual(spans, [
    [
      { text: "ab", style: PLAIN },
      { text: "cd", style: RED },
    ],
    [{ text: "ef", style: RED }],
    [
      { text: "g", style: RED },
      { text: "h", style: PLAIN },
    ],
  ]);
});

test("a hostile number of styles is bounded", () => {
  const log = new Log(80);
  for (let n = 0; n < 10_000; n++) {
    log.append("x", { foreground: [n & 255, (n >> 8) & 255, 7] }, "stdout");
  }
  assert.deepEqual(
    log.row(124)?.spans.map(({ style }) => style),
    [PLAIN],
  );
});

function randomText(random: Random): string {
  return Array.from({ length: random.below(60) }, () =>
    random.of(["a", "bc", "\n", "\t", "漢", "😀", "é", " "]),
  ).join("");
}

test("pieces or the whole, resized or not: the same rows, and all of the text", () => {
  randomly(120, (random) => {
    const text = randomText(random);
    const columns = 1 + random.below(9);
    const whole = logOf(columns, text);
    const cut = logOf(columns, ...(text.includes("😀") ? [text] : random.cuts(text)));
    const resized = logOf(1 + random.below(20), text);
    resized.resize(columns);
    assert.deepEqual(rowsOf(resized), rowsOf(whole), JSON.stringify(text));
    assert.deepEqual(rowsOf(cut), rowsOf(whole), JSON.stringify(text));
    const rows = Array.from({ length: whole.rowCount }, (_, index) => whole.row(index));
    assert.equal(
      rows.map((row) => row?.spans.map((span) => span.text).join("")).join(""),
      text.replaceAll("\n", ""),
    );
  });
});

test("lines, rows and positions lead to each other", () => {
  const log = logOf(4, "abcdefghij\nk\nl");
  assert.equal(log.rowOfLine("stdout", 1), 0);
  assert.equal(log.rowOfLine("stdout", 2), 3);
  assert.equal(log.rowOfLine("stdout", 99), 4);
  assert.equal(log.rowOfLine("stderr", 1), 4);
  assert.equal(new Log(4).rowOfLine("stdout", 1), 0);
  assert.equal(log.rowAt(5), 1);
  assert.equal(log.row(99), null);
});

/** What the numbers beside the rows say, with the sources. */
function numbersOf(log: Log): string[] {
  return Array.from({ length: log.rowCount }, (_, index) => {
    const row = log.row(index);
    return row ? `${row.source} ${row.isFirst ? row.line : `(${row.line})`}` : "";
  });
}

test("lines are counted within their stream, whatever comes between them", () => {
  const log = new Log(80);
  log.append("one\nbegins, ", PLAIN, "stdout");
  log.append("warning\n", PLAIN, "stderr");
  log.append("a gap\n", PLAIN, "mark");
  log.append("ends\nthree\n", PLAIN, "stdout");
  log.append("another\n", PLAIN, "stderr");
  assert.deepEqual(numbersOf(log), [
    "stdout 1",
    "stdout 2",
    "stderr 1",
    "mark 0",
    "stdout (2)",
    "stdout 3",
    "stderr 2",
  ]);
  assert.deepEqual([log.lineCount("stdout"), log.lineCount("stderr")], [3, 2]);
  assert.deepEqual(
    [2, 3].map((line) => log.rowOfLine("stdout", line)),
    [1, 5],
  );
  assert.equal(log.rowOfLine("stderr", 2), 6);
});

test("in any order of arrival, a line of a stream has the same number", () => {
  randomly(120, (random) => {
    const streams = { stdout: randomText(random), stderr: randomText(random) };
    const log = new Log(5);
    const rest = Object.entries(streams).map(([name, text]) => ({ name: name as Source, text }));
    while (rest.some((each) => each.text)) {
      const next = random.of(rest.filter((each) => each.text));
      const piece = next.text.slice(0, 1 + random.below(9));
      next.text = next.text.slice(piece.length);
      log.append(piece, PLAIN, next.name);
    }
    for (const [name, text] of Object.entries(streams)) {
      const found = new Map<number, string>();
      for (let index = 0; index < log.rowCount; index++) {
        const row = log.row(index);
        if (row?.source !== name) continue;
        const part = row.spans.map((span) => span.text).join("");
        found.set(row.line, (found.get(row.line) ?? "") + part);
      }
      const lines = text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      assert.deepEqual(
        [...found],
        lines.map((line, index) => [index + 1, line]),
      );
    }
  });
});

test("much output is laid out at once, in the shortest lines and in a single one", () => {
  const before = process.cpuUsage();
  const many = new Log(100);
  const one = new Log(100);
  for (let n = 0; n < 16; n++) {
    many.append("y\n".repeat(32 * 1024), PLAIN, "stdout");
    one.append("x".repeat(64 * 1024), PLAIN, "stdout");
  }
  many.resize(80);
  one.resize(80);
  assert.equal(many.rowCount, 512 * 1024);
  assert.equal(one.rowCount, Math.ceil((1024 * 1024) / 80));
  assert.equal(one.row(1000)?.spans[0]?.text.length, 80);
  assert.ok(process.cpuUsage(before).user < 3_000_000);
});
