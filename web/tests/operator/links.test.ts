import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressOf,
  executionAt,
  executionsOf,
  executionsThatEnded,
} from "../../src/operator/links.ts";

test("parameters without a value are left out", () => {
  assert.equal(addressOf("/events"), "/events");
  assert.equal(addressOf("/events", { type: "", owner: null, execution: undefined }), "/events");
  assert.equal(addressOf("/events", { owner: "a&b", type: "x" }), "/events?owner=a%26b&type=x");
});

test("executions are those of all owners unless one is named", () => {
  assert.equal(executionsOf({ state: "queued" }), "/executions?owner=*&state=queued");
  assert.equal(executionsOf({ owner: "ada" }), "/executions?owner=ada");
});

test("failed and cancelled are states, all others outcomes", () => {
  const since = "2026-01-02T03:00:00Z";
  const time = "from=2026-01-02T03%3A00%3A00Z";
  assert.equal(executionsThatEnded("failed", since), `/executions?owner=*&state=failed&${time}`);
  assert.equal(
    executionsThatEnded("cancelled", since),
    `/executions?owner=*&state=cancelled&${time}`,
  );
  assert.equal(
    executionsThatEnded("success", since),
    `/executions?owner=*&outcome=success&${time}`,
  );
});

test("an id can be any text", () => {
  assert.equal(executionAt("a/../b?c"), "/executions/a%2F..%2Fb%3Fc");
});
