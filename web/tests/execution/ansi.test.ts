import assert from "node:assert/strict";
import { test } from "node:test";
import { AnsiParser } from "../../src/execution/ansi.ts";
import { randomly } from "./random.ts";

/** What a parser makes of these chunks: texts as they are, and each SGR as `{parameters}`. */
function parsed(...chunks: string[]): string {
  let result = "";
  const reader = {
    text: (text: string) => void (result += text),
    sgr: (parameters: string) => void (result += `{${parameters}}`),
  };
  const parser = new AnsiParser();
  for (const chunk of chunks) parser.feed(chunk, reader);
  parser.end(reader);
  return result;
}

test("text stays as it is", () => {
  assert.equal(parsed("one\ntwo\tthree é 漢 👩‍👩‍👧\n"), "one\ntwo\tthree é 漢 👩‍👩‍👧\n");
});

test("colours are reported", () => {
  assert.equal(parsed("a\x1b[31mb\x1b[0mc\x1b[md"), "a{31}b{0}c{}d");
  assert.equal(parsed("\x1b[38;2;1;2;3mx\x1b[38:5:9my\x9b1mz"), "{38;2;1;2;3}x{38:5:9}y{1}z");
});

for (const [name, sequence] of Object.entries({
  "cursor up": "\x1b[3A",
  "clear the screen": "\x1b[2J",
  "alternate screen": "\x1b[?1049h",
  "title, BEL": "\x1b]0;owned\x07",
  "title, ST": "\x1b]2;owned\x1b\\",
  "link (OSC 8)": "\x1b]8;;https://evil.example\x1b\\",
  "clipboard (OSC 52)": "\x1b]52;c;cm0gLXJm\x07",
  "C1 string": "\x9d0;owned\x9c",
  "device control": "\x1bP1$r0m\x1b\\",
  "character set": "\x1b(0",
  reset: "\x1bc",
  "private SGR": "\x1b[>4;2m",
  "SGR with an intermediate": "\x1b[1 m",
  report: "\x1b[6n",
  "string that is cancelled": "\x1b]0;x\x18",
})) {
  test(`dropped: ${name}`, () => {
    assert.equal(parsed(`a${sequence}b`), "ab");
  });
}

test("text is never hidden by a sequence that does not end", () => {
  assert.equal(parsed("\x1b]0;title\nnext"), "]0;title\nnext");
  assert.equal(parsed("\x1b[12\nnext"), "[12\nnext");
  assert.equal(parsed("\x1b]0;title"), "]0;title");
  assert.equal(parsed(`\x1b]${"x".repeat(5000)}`, "y"), `]${"x".repeat(5000)}y`);
  assert.equal(parsed("\x1b"), "");
});

test("text is not held back for long", () => {
  let shown = "";
  const parser = new AnsiParser();
  const reader = { text: (text: string) => void (shown += text), sgr: () => {} };
  parser.feed("\x1b]0;title", reader);
  assert.equal(shown, "");
  parser.feed("x".repeat(5_000), reader);
  assert.equal(shown, `]0;title${"x".repeat(5_000)}`);
});

test("CR alone is a line break, so that nothing is written over", () => {
  assert.equal(parsed("10%\r20%\r\ndone"), "10%\n20%\ndone");
  assert.equal(parsed("a\r", "\nb"), "a\nb");
  assert.equal(parsed("a\r", "b"), "a\nb");
  assert.equal(parsed("a\r"), "a\n");
});

test("control characters, and those that change the direction, are visible", () => {
  assert.equal(parsed("\0\x07\x08\x7f\x85"), "␀␇␈␡<U+0085>");
  assert.equal(
    parsed("\u202egnp.exe\u2066\u200f\ufeff"),
    "<U+202E>gnp.exe<U+2066><U+200F><U+FEFF>",
  );
});

test("however the text is cut, the result is the same", () => {
  const parts = [
    "\x1b[1;31m",
    "\x1b]8;;http://x\x07",
    "\r\n",
    "\r",
    "text",
    "\x1b",
    "[",
    "m",
    "\x9b",
    "]",
    "0;",
    "\x07",
    "\x1b\\",
    "漢",
    "\n",
    "\x18",
  ];
  randomly(120, (random) => {
    const text = Array.from({ length: 12 }, () => random.of(parts)).join("");
    const cuts = random.cuts(text);
    assert.equal(parsed(...cuts), parsed(text), JSON.stringify(cuts));
  });
});

test("whatever arrives, no character that a terminal obeys is left", () => {
  randomly(120, (random) => {
    const text = Array.from({ length: 40 }, () => String.fromCharCode(random.below(0x120))).join(
      "",
    );
    assert.doesNotMatch(parsed(text), /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  });
});

test("hostile input takes time in proportion to its length", () => {
  const before = process.cpuUsage();
  for (const part of ["\x9d", "\x1b]", "\x1b[1", "\x1b", "\x9d0", "\r", "\x1b[;m"]) {
    parsed(part.repeat((64 * 1024) / part.length));
  }
  assert.ok(process.cpuUsage(before).user < 3_000_000);
});

test("text between two changes of style is reported at once, whatever is in it", () => {
  const texts: string[] = [];
  const reader = { text: (text: string) => void texts.push(text), sgr: () => {} };
  new AnsiParser().feed("\0\x07\x80\u202e\r\x1b]0;x\x07".repeat(500) + "\x1b[1m\0\0", reader);
  assert.deepEqual(texts, ["\u2400\u2407<U+0080><U+202E>\n".repeat(500), "\u2400\u2400"]);
});
