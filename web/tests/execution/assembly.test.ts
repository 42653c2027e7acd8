import assert from "node:assert/strict";
import { test } from "node:test";
import { Assembly } from "../../src/execution/assembly.ts";
import { Output } from "../../src/execution/output.ts";
import { Reading } from "../../src/execution/reading.ts";
import { randomly } from "./random.ts";

function assembled(feed: (assembly: Assembly) => void): string {
  const output = new Output();
  feed(new Assembly(output));
  return output.pieces.map(({ source, text }) => (source === "mark" ? `[${text}]` : text)).join("");
}

const text = (offset: number, content: string, attempt = 1) => ({
  attempt,
  offset,
  content,
  encoding: "utf-8",
});
const base64 = (offset: number, bytes: Uint8Array) => ({
  attempt: 1,
  offset,
  content: Buffer.from(bytes).toString("base64"),
  encoding: "base64",
});

test("offsets count bytes", () => {
  const result = assembled((assembly) => {
    assembly.printed("stdout", text(0, "é漢"));
    assembly.printed("stdout", text(5, "!"));
  });
  assert.equal(result, "é漢!");
});

test("what arrives twice is shown once", () => {
  const result = assembled((assembly) => {
    assembly.printed("stdout", text(0, "abc"));
    assembly.printed("stdout", text(0, "abc"));
    assembly.printed("stdout", text(1, "bcde"));
    assembly.printed("stderr", text(0, "x"));
    assembly.printed("stdout", text(2, "c"));
  });
  assert.equal(result, "abcdex");
});

test("a gap leaves a mark", () => {
  const result = assembled((assembly) => {
    assembly.printed("stdout", text(0, "abc"));
    assembly.printed("stdout", text(10, "k"));
  });
  assert.equal(result, "abc[7 bytes of stdout are missing here: download it to see all.]k");
});

test("another attempt starts from the beginning, and the older one is over", () => {
  const result = assembled((assembly) => {
    assembly.attempt(1);
    assembly.printed("stdout", text(0, "first"));
    assembly.attempt(2);
    assembly.printed("stdout", text(5, "late", 1));
    assembly.printed("stdout", text(0, "second", 2));
    assembly.attempt(1);
    assembly.printed("stdout", text(5, "late", 1));
  });
  assert.equal(result, "second");
});

test("bytes that are no UTF-8 become U+FFFD", () => {
  const result = assembled((assembly) => {
    assembly.printed("stdout", base64(0, Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82)));
    assembly.end([], "");
  });
  assert.equal(result, "a\ufffdb\ufffd");
});

test("output that was cut at its limit says so", () => {
  const result = assembled((assembly) => {
    assembly.printed("stderr", text(0, "abc"));
    assembly.end(["stderr"], "1 KiB");
  });
  assert.equal(result, "abc[stderr was cut here, at its limit of 1 KiB.]");
});

test("characters may be split anywhere, and pieces overlap", () => {
  const whole = "aé漢😀\n".repeat(5);
  const bytes = new TextEncoder().encode(whole);
  randomly(120, (random) => {
    const result = assembled((assembly) => {
      let known = 0;
      while (known < bytes.length) {
        const from = Math.max(known - random.below(8), 0);
        const to = Math.min(known + 1 + random.below(9), bytes.length);
        assembly.printed("stdout", base64(from, bytes.subarray(from, to)));
        known = to;
      }
      assembly.end([], "");
    });
    assert.equal(result, whole);
  });
});

test("at the end, what looked like the beginning of a sequence is shown", () => {
  const output = new Output();
  output.append("stdout", "text\x1b]0;title");
  const reading = new Reading(output, "both", 80);
  reading.read(() => false);
  assert.equal(reading.log.text.slice(0, 99), "text");
  new Assembly(output).end([], "");
  reading.read(() => false);
  reading.read(() => false);
  assert.equal(reading.log.text.slice(0, 99), "text]0;title");
});

test("what is shown is read bit by bit, with a style for each stream", () => {
  const output = new Output();
  output.append("stdout", "\x1b[31mred\n");
  output.append("stderr", "plain\n");
  output.append("mark", "a mark");
  output.append("stdout", "still red\n");
  const reading = new Reading(output, "both", 80);
  let asked = 0;
  reading.read(() => ++asked === 1);
  assert.equal(reading.log.lineCount("stdout"), 1);
  assert.ok(!reading.isDone);
  reading.read(() => false);
  assert.ok(reading.isDone);
  const styles = [0, 1, 2, 3].map((row) => reading.log.row(row)?.spans[0]?.style);
  assert.deepEqual(styles, [{ foreground: 1 }, {}, {}, { foreground: 1 }]);
  const one = new Reading(output, "stderr", 80);
  one.read(() => false);
  assert.equal(one.log.text.slice(0, 99), "plain\na mark\n");
});
