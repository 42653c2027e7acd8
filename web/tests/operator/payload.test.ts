import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadText } from "../../src/operator/payload.ts";
import { visibleText } from "../../src/parts/visible.ts";

const encoded = (bytes: number[] | string) => Buffer.from(bytes as string).toString("base64");

test("a message is shown as text", () => {
  assert.equal(payloadText(encoded('{"id": "ä"}\n\t')), '{"id": "ä"}\n\t');
});

test("control characters are pictures, and bytes that are no text are marked", () => {
  assert.equal(payloadText(encoded("\u001b]8;;http://x\u0007\0\r\u007f")), "␛]8;;http://x␇␀␍␡");
  assert.equal(payloadText(encoded([0xff, 0x41])), "\ufffdA");
});

test("a long one is cut", () => {
  assert.equal(payloadText(encoded("x".repeat(30_000))).length, 20_000);
});

test("what reorders a text or is invisible is an escape", () => {
  assert.equal(visibleText("invoice\u202egpj.exe"), "invoice\\u202egpj.exe");
  assert.equal(visibleText("\u2067a\u2069\u200b\u009b31m"), "\\u2067a\\u2069\\u200b\\u009b31m");
  assert.equal(visibleText("\u0639\u0631 ok 👩"), "\u0639\u0631 ok 👩");
});
