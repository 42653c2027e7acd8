import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { toneOf, words } from "../../src/parts/badge.tsx";
import { fromBase64, sizeOfBase64 } from "../../src/parts/base64.ts";
import { age, bytes, count, duration } from "../../src/parts/format.ts";
import { visibleText } from "../../src/parts/visible.ts";

const VISIBLE: readonly [what: string, text: string, shown: string][] = [
  ["a text stays", "a é 漢 😀\ttab\nline", "a é 漢 😀\ttab\nline"],
  ["a control character is a picture", "a\0b\u001b[31m\u007f", "a␀b␛[31m␡"],
  ["CR is one, too", "a\r\n", "a␍\n"],
  ["what turns the text around it is an escape", "invoice\u202egpj.exe", "invoice\\u202egpj.exe"],
  ["so is what nobody sees", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
  ["and a control character of eight bits", "\u009b31m", "\\u009b31m"],
];

for (const [what, text, shown] of VISIBLE) {
  test(`texts of others: ${what}`, () => assert.equal(visibleText(text), shown));
}

const HOSTILE = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCharCode(code)),
    fc.constantFrom("\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u061c", "a", "é", "😀"),
  ),
});

test("whatever a text has, none of it is invisible or turns others around", () => {
  fc.assert(
    fc.property(HOSTILE, (text) => {
      const shown = visibleText(text);
      assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f]/);
      assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\ufeff]/);
      assert.equal(visibleText(shown), shown); // What is visible stays as it is.
    }),
  );
});

test("words of the API are spelled for people", () => {
  assert.deepEqual(["wrong_output", "queued", "last-day", ""].map(words), [
    "Wrong output",
    "Queued",
    "Last day",
    "",
  ]);
});

test("a state that a newer service has is neither good nor bad", () => {
  assert.deepEqual(["success", "failed", "time_limit", "running", "brand_new"].map(toneOf), [
    ...["good", "bad", "warn", "busy", "idle"],
  ]);
});

test("any bytes come back from base64, whose size is known without reading it", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      assert.deepEqual([...fromBase64(text)], [...bytes]);
      assert.equal(sizeOfBase64(text), bytes.length);
    }),
  );
});

test("what is no base64 is refused", () => {
  for (const text of ["*", "a", "====", "YQ==YQ=="]) {
    assert.throws(() => fromBase64(text), { name: "InvalidCharacterError" });
  }
});

/** How much a text such as "1.5 KiB" or "3 min 20 s" stands for. */
function valueOf(text: string, units: Record<string, number>): number {
  const parts = [...text.matchAll(/([\d.]+) (\w+)/g)];
  return parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ""] ?? NaN),
    0,
  );
}

const MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const SECONDS = { s: 1, min: 60, h: 3600, d: 86_400 };
const SIZES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

test("a duration is within a hundredth of what it stands for, or a minute", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e9, noNaN: true }), (milliseconds) => {
      const shown = valueOf(duration(milliseconds), MS);
      const off = Math.abs(shown - milliseconds);
      const most = milliseconds < 3_600_000 ? Math.max(milliseconds / 100, 0.5) : 60_000;
      assert.ok(off <= most, `${duration(milliseconds)} of ${milliseconds}`);
    }),
  );
});

test("an age is never more than it is, and less by less than its unit", () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      const text = age(seconds);
      const shown = valueOf(text, SECONDS);
      const unit = SECONDS[text.split(" ")[1] as "s"];
      assert.ok(shown <= seconds && seconds - shown < unit, `${text} of ${seconds}`);
    }),
  );
});

test("a size is within a tenth of what it stands for, and has at most four digits", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(4), (least, power) => {
      const size = Math.min(least * 1024 ** power, 1024 ** 5 - 1);
      const text = bytes(size);
      assert.ok(Math.abs(valueOf(text, SIZES) - size) <= size / 10, `${text} of ${size}`);
      assert.match(text, /^\d{1,4}(\.\d)? (B|KiB|MiB|GiB|TiB)$/);
    }),
  );
});

test("a number is grouped, and comes back", () => {
  fc.assert(
    fc.property(fc.nat(), (number) => {
      assert.equal(Number(count(number).replaceAll(",", "")), number);
      assert.match(count(number), /^\d{1,3}(,\d{3})*$/);
    }),
  );
});
