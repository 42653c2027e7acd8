import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { fromBase64, sizeOfBase64 } from "../src/parts/base64.ts";

test("bytes come back from base64, whose size is known before", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      assert.deepEqual(fromBase64(text), new Uint8Array(bytes));
      assert.equal(sizeOfBase64(text), bytes.length);
    }),
  );
});

test("what is not base64 is refused", () => {
  assert.throws(() => fromBase64("not base64!"));
});
