import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../src/api/problem.ts";
import { EVENT_TYPES, nameOf } from "../../src/operator/event-types.ts";
import { filterOf } from "../../src/operator/event-filter.ts";
import { otherProblems, problemsByField } from "../../src/operator/field-problems.ts";
import { selection } from "../../src/operator/letters.ts";
import { bodyOf } from "../../src/operator/key-form.ts";
import { changed, oneOf } from "../../src/operator/query.ts";
import { hasEnded, idsOf, replayOf } from "../../src/operator/replay-form.ts";
import { totalUsage } from "../../src/operator/usage-total.ts";

function form(...entries: [string, string][]): FormData {
  const data = new FormData();
  for (const [name, value] of entries) data.append(name, value);
  return data;
}

test("parameters are set, and removed if they are empty", () => {
  const query = new URLSearchParams("status=waiting&kind=poison");
  assert.equal(
    changed(query, { status: "", kind: "callback", cursor: "x" }).toString(),
    "kind=callback&cursor=x",
  );
  assert.equal(query.get("status"), "waiting");
});

test("a parameter is one of its values or none", () => {
  assert.equal(oneOf("b", ["a", "b"]), "b");
  for (const value of [null, "", "c", "toString"])
    assert.equal(oneOf(value, ["a", "b"]), undefined);
});

test("a bulk call names what it selects", () => {
  assert.equal(selection(undefined, undefined), "waiting dead letters");
  assert.equal(selection("archived", "poison"), "archived dead letters of the kind poison");
});

test("a type of event names a state, or the audit log", () => {
  assert.equal(EVENT_TYPES.length, 9);
  assert.equal(nameOf("podline.execution.failed.v1"), "failed");
  assert.equal(nameOf("podline.execution.paused.v12"), "paused");
  assert.equal(nameOf("podline.audit.recorded.v1"), "audit");
  assert.equal(nameOf("<b>other</b>"), "<b>other</b>");
});

test("the address filters events, and what the API would refuse is left out", () => {
  const type = "podline.execution.failed.v1";
  const query = new URLSearchParams({
    execution: "01J",
    owner: "ada",
    type,
    from: "2026-01-02T03:04:05Z",
  });
  assert.deepEqual(filterOf(query), {
    execution: ["01J"],
    owner: "ada",
    type: [type],
    from: "2026-01-02T03:04:05Z",
  });
  assert.deepEqual(filterOf(new URLSearchParams("type=failed&other=1&to=")), {});
});

test("problems belong to fields, and the others are named", () => {
  const problem = new Problem(422, "Invalid", "3 problems", [
    { pointer: "/name", detail: "is required" },
    { pointer: "/executions/3", detail: "is too long" },
    { pointer: "/executions/7", detail: "is empty" },
    { pointer: "/target", detail: "is no topic" },
    { pointer: "/to", detail: "must be after `from`, not `that`" },
    { pointer: "/new", detail: "is unknown" },
  ]);
  const labels = {
    name: "Name",
    executions: "Executions",
    target: "Target",
    from: "First",
    to: "",
  };
  assert.deepEqual(problemsByField(problem, labels), {
    name: "is required",
    executions: "is too long; is empty",
    target: "is no topic",
    to: "must be after First, not `that`",
    new: "is unknown",
  });
  assert.equal(otherProblems(problem, labels), "new: is unknown");
  const shown = ["name", "executions", "to"];
  assert.equal(otherProblems(problem, labels, shown), "Target: is no topic; new: is unknown");
});

test("a problem without fields is shown as it is", () => {
  assert.equal(otherProblems(new Problem(403, "Forbidden", "not you"), {}), "not you");
  assert.equal(otherProblems(new Problem(502, "Bad gateway", ""), {}), "Bad gateway");
  assert.equal(otherProblems(null, {}), "");
  assert.deepEqual(problemsByField(null, {}), {});
});

test("a new key has what was filled in", () => {
  const nothing = { door: null, max_unfinished: null, requests: null, cpu_day: null };
  const filled = (values: Record<string, string>) => bodyOf((name) => values[name] ?? "");
  assert.deepEqual(filled({ name: "bob", role: "user" }), {
    name: "bob",
    role: "user",
    ...nothing,
  });
  const all = {
    name: "bob",
    role: "user",
    door: "piston",
    max_unfinished: "3",
    requests: "1/s",
    cpu_day: "0.5",
  };
  assert.deepEqual(filled(all), { ...all, max_unfinished: 3, cpu_day: 0.5 });
});

test("ids can be separated by anything, and count once", () => {
  assert.deepEqual(idsOf("01A, 01B\n01A;'01C'"), ["01A", "01B", "01C"]);
  assert.deepEqual(idsOf(" \n"), []);
});

test("a replay has what its mode takes", () => {
  const type = "podline.execution.failed.v1";
  const filled: [string, string][] = [
    ["types", type],
    ["types", "other"],
    ["target", " t "],
    ["executions", "01A"],
  ];
  const common = { from: null, to: null, executions: ["01A"], dry_run: true };
  assert.deepEqual(replayOf(form(["mode", "reemit"], ...filled), true), {
    mode: "reemit",
    types: [type],
    target: "t",
    ...common,
  });
  assert.deepEqual(replayOf(form(["mode", "rebuild"], ...filled), true), {
    mode: "rebuild",
    types: [],
    target: "t",
    ...common,
  });
  assert.equal(replayOf(form(["mode", "resubmit"], ...filled), true).target, null);
  assert.equal(replayOf(form(["mode", "resubmit"]), false).dry_run, false);
});

test("a replay has ended in a status that is neither pending nor running", () => {
  assert.deepEqual(
    ["pending", "running", "completed", "failed", "cancelled"].map((status) =>
      hasEnded({ status }),
    ),
    [false, false, true, true, true],
  );
});

test("usage is summed up", () => {
  assert.deepEqual(totalUsage([]), { executions: 0, cpu_seconds: 0, stored_bytes: 0 });
  const day = { executions: 1, cpu_seconds: 0.5, stored_bytes: 10 };
  assert.deepEqual(totalUsage([day, day]), { executions: 2, cpu_seconds: 1, stored_bytes: 20 });
});
