import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  EVERYTHING,
  type Filter,
  SPANS,
  fromField,
  fromQuery,
  inWords,
  isEverything,
  toField,
  toQuery,
  toSelection,
} from "../../src/executions/filter.ts";
import { refreshed, toggled, unfinished } from "../../src/executions/rows.ts";
import { parseSaved, withSaved } from "../../src/executions/saved.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const TEXT = fc.oneof(
  fc.constant(""),
  fc.string({ maxLength: 12 }),
  fc.constantFrom("&", "=", "%", "*"),
);
const FILTER: fc.Arbitrary<Filter> = fc
  .record({
    ...{ state: TEXT, outcome: TEXT, language: TEXT, priority: TEXT, batch: TEXT, owner: TEXT },
    ...{ from: TEXT, to: TEXT },
    labels: fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 3 }),
    within: fc.constantFrom("", ...Object.keys(SPANS)),
  })
  .map((filter) => ({ ...filter, ...(filter.within && { from: "", to: "" }) }));

test("any filter comes back from its address", () => {
  fc.assert(
    fc.property(FILTER, (filter) => {
      const address = new URL(`http://x/?${toQuery(filter)}`);
      assert.deepEqual(fromQuery(address.searchParams), filter);
    }),
  );
});

test("any address is a filter, whose own address is that filter's", () => {
  const name = fc.constantFrom("state", "within", "from", "to", "label", "owner", "x", "__proto__");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, TEXT), { maxLength: 8 }), (entries) => {
      const filter = fromQuery(new URLSearchParams(entries));
      assert.deepEqual(fromQuery(toQuery(filter)), filter);
      assert.equal(isEverything(filter), toQuery(filter).toString() === "");
    }),
  );
});

test("what the API is asked for has only what the filter has", () => {
  fc.assert(
    fc.property(FILTER, (filter) => {
      const selection = toSelection(filter, NOW);
      for (const value of Object.values(selection)) assert.notEqual(value.length, 0);
      assert.equal("label" in selection, filter.labels.length > 0);
      assert.equal("from" in selection, filter.from !== "" || filter.within !== "");
    }),
  );
});

const TIMES: readonly [within: string, from: string][] = [
  ["15m", "2026-11-29T11:45:00.000Z"],
  ["1h", "2026-11-29T11:00:00.000Z"],
  ["24h", "2026-11-28T12:00:00.000Z"],
  ["7d", "2026-11-22T12:00:00.000Z"],
  ["30d", "2026-10-30T12:00:00.000Z"],
];

test("a time until now is one of the API's", () => {
  for (const [within, from] of TIMES) {
    assert.deepEqual(toSelection({ ...EVERYTHING, within }, NOW), { from });
  }
});

test("a field of a form has local time, and loses no more than seconds", () => {
  const minutes = fc.integer({ min: 0, max: 40_000_000 });
  fc.assert(
    fc.property(minutes, (minute) => {
      const moment = new Date(minute * 60_000).toISOString();
      const field = toField(moment);
      assert.match(field, /^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
      assert.equal(fromField(field), moment);
    }),
  );
  assert.deepEqual(
    [toField(""), toField("never"), fromField(""), fromField("never")],
    [
      ...["", "", "", "never"], // The API says what is wrong with it.
    ],
  );
});

const IN_WORDS: readonly [more: Partial<Filter>, words: string][] = [
  [{}, "all"],
  [{ state: "failed", language: "c" }, "failed, c"],
  [{ outcome: "wrong_output", priority: "low" }, "wrong output, low priority"],
  [{ owner: "*", labels: ["a:b", "c:d"] }, "a:b, c:d, all owners"],
  [{ owner: "bob", batch: "B1", within: "24h" }, "batch B1, of bob, last 24h"],
  [{ from: "x", to: "y" }, "from x, until y"],
];

test("a filter has a name", () => {
  for (const [more, words] of IN_WORDS) assert.equal(inWords({ ...EVERYTHING, ...more }), words);
});

function row(id: string, state = "running") {
  return { id, state, retried_as: null };
}

test("rows stay where they are, whatever is known of them now", () => {
  const ids = fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { maxLength: 8 });
  fc.assert(
    fc.property(ids, ids, ids, (shown, asked, found) => {
      const rows = refreshed(
        shown.map((id) => row(id)),
        new Set(asked),
        found.map((id) => row(id, "completed")),
      );
      const left = shown.filter((id) => found.includes(id) || !asked.includes(id));
      assert.deepEqual(
        rows.map(({ id }) => id),
        left,
      );
      for (const { id, state } of rows)
        assert.equal(state, found.includes(id) ? "completed" : "running");
    }),
  );
});

test("no more rows are asked for than one request takes", () => {
  const rows = Array.from({ length: 300 }, (_, n) => row(`${n}`, n % 3 ? "running" : "failed"));
  assert.equal(unfinished(rows).length, 200);
  assert.deepEqual(unfinished(rows, 2), ["1", "2"]);
});

test("selecting twice changes nothing", () => {
  const ids = fc.uniqueArray(fc.string({ maxLength: 3 }), { maxLength: 5 });
  fc.assert(
    fc.property(ids, fc.string({ maxLength: 3 }), (selected, id) => {
      const before = new Set(selected);
      const once = toggled(before, id);
      assert.equal(once.has(id), !before.has(id));
      assert.deepEqual(toggled(once, id), before);
    }),
  );
});

test("whatever the browser has stored, only filters are read", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.constant(null)), (text) => {
      for (const { name, query } of parseSaved(text)) {
        assert.deepEqual([typeof name, typeof query], ["string", "string"]);
      }
    }),
  );
});

test("a name is a filter's only once", () => {
  const saved = [
    { name: "a", query: "1" },
    { name: "b", query: "2" },
  ];
  assert.deepEqual(withSaved(saved, { name: "a", query: "3" }), [
    { name: "b", query: "2" },
    { name: "a", query: "3" },
  ]);
});
