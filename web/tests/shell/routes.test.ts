import assert from "node:assert/strict";
import { test } from "node:test";
import { type Route, found } from "../../src/shell/routes.ts";

const load = () => Promise.reject(new Error("not needed"));
const named = (path: string): Route => ({
  path,
  title: path,
  role: "user",
  inNavigation: true,
  load,
});
const ROUTES = [named("/"), named("/executions"), named("/executions/:id")];

function at(path: string): [string, Record<string, string>] | null {
  const match = found(path, ROUTES);
  return match && [match.route.path, match.parameters];
}

test("an address has one page", () => {
  assert.deepEqual(at("/"), ["/", {}]);
  assert.deepEqual(at("/executions"), ["/executions", {}]);
  assert.deepEqual(at("/executions/01J"), ["/executions/:id", { id: "01J" }]);
});

test("a parameter is decoded once, if it can be", () => {
  assert.deepEqual(at("/executions/a%2520b"), ["/executions/:id", { id: "a%20b" }]);
  assert.deepEqual(at("/executions/%zz"), ["/executions/:id", { id: "%zz" }]);
});

test("other addresses have none", () => {
  for (const path of ["/nothing", "/executions/", "/executions/a/b", "//"])
    assert.equal(at(path), null);
});
