import assert from "node:assert/strict";
import { test } from "node:test";
import { type Operation, address, found, headers } from "../src/docs/operation.ts";

const OPERATION: Operation = {
  operationId: "artifacts_artifact",
  method: "GET",
  path: "/executions/{id}/artifacts/{name}",
  parameters: [
    { name: "id", in: "path", required: true },
    { name: "name", in: "path", required: true },
    { name: "wait", in: "query", required: false },
    { name: "label", in: "query", required: false },
    { name: "Range", in: "header", required: false },
  ],
};

test("an operation is found by its id", () => {
  const { method, path, ...described } = OPERATION;
  const document = { paths: { "/other": {}, [path]: { get: described } } };
  assert.deepEqual(found(document, "artifacts_artifact"), OPERATION);
  assert.equal(found(document, "nothing"), null);
  assert.equal(method, "GET");
});

test("what was filled in is encoded, and slashes of a name stay", () => {
  const filled = { "path.id": "a b?", "path.name": "out/ä.png", "query.label": "k:v&x" };
  assert.equal(
    address(OPERATION, filled),
    "/executions/a%20b%3F/artifacts/out/%C3%A4.png?label=k%3Av%26x",
  );
});

test("what is empty is not sent", () => {
  assert.equal(
    address(OPERATION, { "path.id": "1", "path.name": "x", "query.wait": "" }),
    "/executions/1/artifacts/x",
  );
  assert.deepEqual(headers(OPERATION, { "header.Range": "" }), {});
  assert.deepEqual(headers(OPERATION, { "header.Range": "bytes=0-1" }), { Range: "bytes=0-1" });
});
