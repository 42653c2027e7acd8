import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem, UNREACHABLE, problemOf } from "../../src/api/problem.ts";
import { pause } from "../../src/parts/use-loaded.ts";

const response = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, statusText: "Bad Gateway", headers });

test("a problem document is read as the API writes it", () => {
  const body = {
    title: "Unprocessable",
    detail: "no",
    errors: [{ pointer: "/source", detail: "empty" }],
  };
  const problem = problemOf(response(422), body);
  assert.deepEqual([problem.status, problem.title, problem.message], [422, "Unprocessable", "no"]);
  assert.deepEqual(problem.fields, body.errors);
  assert.equal(problem.isTemporary, false);
});

test("what a proxy sends is a problem too", () => {
  for (const body of [null, "<html>", 3, { title: 7 }]) {
    assert.equal(problemOf(response(502), body).title, "Bad Gateway");
  }
});

test("only what may pass is tried again", () => {
  const temporary = [0, 429, 502, 503, 504];
  const lasting = [400, 401, 403, 404, 409, 422, 500];
  assert.ok(temporary.every((status) => new Problem(status, "", "").isTemporary));
  assert.ok(!lasting.some((status) => new Problem(status, "", "").isTemporary));
});

test("the pause is the API's, or grows", () => {
  assert.equal(pause(problemOf(response(503, { "Retry-After": "7" }), null), 1), 7);
  assert.equal(problemOf(response(503, { "Retry-After": "tomorrow" }), null).retryAfter, null);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map((failures) => pause(UNREACHABLE, failures)),
    [2, 4, 8, 16, 30, 30],
  );
});
