import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVERYTHING,
  type Filter,
  fromField,
  fromQuery,
  inWords,
  isEverything,
  toField,
  toQuery,
  toSelection,
} from "../../src/executions/filter.ts";
import { newer, refreshed, toggled, unfinished } from "../../src/executions/rows.ts";
import { commandOf, rowAfter } from "../../src/executions/keys.ts";
import { parseSaved, withSaved } from "../../src/executions/saved.ts";
import { randomly } from "../execution/random.ts";

const read = (query: string) => fromQuery(new URLSearchParams(query));
const NOW = Date.parse("2026-01-02T03:04:05Z");

test("an address is a filter, and the other way round", () => {
  randomly(200, (random) => {
    const text = () => random.of(["", "a", "x y&z=", "ä:漢", "#1", "<b>"]);
    const filter: Filter = {
      ...EVERYTHING,
      state: text(),
      outcome: text(),
      language: text(),
      priority: text(),
      labels: [text(), text()].filter(Boolean),
      owner: text(),
      batch: text(),
      ...random.of([{}, { within: "1h" }, { from: text(), to: text() }]),
    };
    assert.deepEqual(read(toQuery(filter).toString()), filter);
  });
});

test("what an address should not have is left out", () => {
  assert.deepEqual(read("within=1y&colour=red&state="), EVERYTHING);
  assert.deepEqual(read("within=1h&from=2026-01-01"), { ...EVERYTHING, within: "1h" });
  assert.ok(isEverything(read("")));
  assert.ok(!isEverything(read("label=a:b")));
});

test("what the API is asked for", () => {
  assert.deepEqual(toSelection(EVERYTHING, NOW), {});
  assert.deepEqual(
    toSelection(read("state=queued&priority=low&label=a:b&label=c:d&owner=*&within=1h"), NOW),
    {
      state: "queued",
      priority: "low",
      label: ["a:b", "c:d"],
      owner: "*",
      from: "2026-01-02T02:04:05.000Z",
    },
  );
  assert.deepEqual(toSelection(read("from=2026-01-01T00:00:00Z&to=never"), NOW), {
    from: "2026-01-01T00:00:00.000Z",
    to: "never",
  });
});

test("a filter in words", () => {
  assert.equal(inWords(EVERYTHING), "all");
  assert.equal(
    inWords(read("state=completed&outcome=time_limit&priority=low&label=a:b&owner=*&within=24h")),
    "completed, time limit, low priority, a:b, all owners, last 24h",
  );
});

const row = (id: string, state = "completed") => ({ id, state, retried_as: null });

test("rows are refreshed where they are", () => {
  const shown = [row("3", "running"), row("2"), row("1", "queued")];
  const found = [row("3"), row("9")];
  assert.deepEqual(refreshed(shown, new Set(["3", "1"]), found), [row("3"), row("2")]);
  assert.deepEqual(refreshed(shown, new Set(), []), shown);
});

test("newer rows are counted only", () => {
  assert.equal(newer([row("3"), row("2")], [row("5"), row("4"), row("3"), row("1")]), 2);
  assert.equal(newer([], [row("1")]), 1);
});

test("which rows can still change", () => {
  assert.deepEqual(unfinished([row("3", "running"), row("2", "failed"), row("1", "queued")]), [
    "3",
    "1",
  ]);
  assert.deepEqual(unfinished([row("2", "running"), row("1", "queued")], 1), ["2"]);
});

test("selecting", () => {
  assert.deepEqual([...toggled(new Set(["a"]), "b")], ["a", "b"]);
  assert.deepEqual([...toggled(new Set(["a", "b"]), "a")], ["b"]);
});

test("a field for a time shows the local time of what the address has", () => {
  const local = "2026-03-04T05:06";
  assert.equal(toField(fromField(local)), local);
  assert.match(fromField(local), /Z$/);
  assert.equal(toField("never"), "");
  assert.equal(fromField(""), "");
});

test("what a key does", () => {
  const key = (name: string, more = {}) =>
    commandOf({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });
  assert.deepEqual(
    ["j", "k", "ArrowDown", "x", "Enter", "?", "a"].map((name) => key(name)),
    ["next", "previous", "next", "select", "open", "help", null],
  );
  assert.equal(key("j", { ctrlKey: true }), null);
});

test("which row a command leads to", () => {
  assert.deepEqual(
    [
      rowAfter("next", -1, 3),
      rowAfter("next", 2, 3),
      rowAfter("previous", 0, 3),
      rowAfter("previous", -1, 3),
    ],
    [0, 2, 0, 0],
  );
  assert.deepEqual(
    [rowAfter("first", 2, 3), rowAfter("last", 0, 3), rowAfter("next", -1, 0)],
    [0, 2, -1],
  );
});

test("saved filters survive whatever was stored", () => {
  assert.deepEqual(parseSaved(null), []);
  assert.deepEqual(parseSaved("{"), []);
  assert.deepEqual(
    parseSaved('[{"name":"a","query":"state=queued"},{"name":1},null,{"name":"b"}]'),
    [{ name: "a", query: "state=queued" }],
  );
  const saved = withSaved([{ name: "a", query: "x=1" }], { name: "a", query: "y=2" });
  assert.deepEqual(saved, [{ name: "a", query: "y=2" }]);
  assert.deepEqual(parseSaved(JSON.stringify(saved)), saved);
});
