import assert from "node:assert/strict";
import test from "node:test";
import { type Kept, load, save } from "../../src/playground/storage.ts";

const KEPT: Kept = {
  submission: { language: "c", source: "" },
  open: "main.c",
  execution: "01J",
  changed: false,
};

class Store {
  readonly items = new Map<string, string>();
  getItem = (name: string): string | null => this.items.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.items.set(name, value);
  removeItem = (name: string): void => void this.items.delete(name);
}

const REFUSES = (): never => {
  throw new DOMException("full", "QuotaExceededError");
};

test("what was kept comes back, for the same owner only", () => {
  const [tab, browser] = [new Store(), new Store()];
  assert.equal(save("ada", KEPT, tab, browser), true);
  assert.deepEqual(load("ada", tab, browser), KEPT);
  assert.equal(load("bob", tab, browser), null);
});

test("each tab has its own, and a new one begins with what was written last", () => {
  const [first, second, browser] = [new Store(), new Store(), new Store()];
  const other = { ...KEPT, open: "other.c" };
  save("ada", KEPT, first, browser);
  assert.deepEqual(load("ada", second, browser), KEPT);
  save("ada", other, second, browser);
  assert.deepEqual(load("ada", first, browser), KEPT);
  assert.deepEqual(load("ada", second, browser), other);
  assert.deepEqual(load("ada", new Store(), browser), other);
});

test("an older state of the tab never hides a newer one", () => {
  const [tab, browser] = [new Store(), new Store()];
  save("ada", KEPT, tab, browser);
  const newer = { ...KEPT, open: "other.c" };
  tab.setItem = REFUSES;
  assert.equal(save("ada", newer, tab, browser), true);
  assert.deepEqual(load("ada", tab, browser), newer);
});

test("what is damaged, or of another format, is nothing", () => {
  const bad = [
    "",
    "{",
    "null",
    "1",
    '"text"',
    "[]",
    "{}",
    '{"format":2,"submission":{}}',
    '{"format":1}',
    '{"format":1,"submission":3}',
    '{"format":1,"submission":{},"open":3}',
    '{"format":1,"submission":{},"execution":{}}',
  ];
  for (const each of bad) {
    const store = new Store();
    store.setItem("podline.playground.ada", each);
    assert.equal(load("ada", new Store(), store), null, each);
  }
});

test("fields that an older release did not have take their defaults", () => {
  const store = new Store();
  store.setItem("podline.playground.ada", '{"format":1,"submission":{}}');
  assert.deepEqual(load("ada", new Store(), store), {
    submission: {},
    open: "",
    execution: null,
    changed: true,
  });
});

test("a browser without room, or that refuses, is no error", () => {
  const full = { getItem: REFUSES, setItem: REFUSES, removeItem: () => {} };
  assert.equal(save("ada", KEPT, full, full), false);
  assert.equal(save("ada", KEPT, new Store(), full), false);
  assert.equal(load("ada", full, full), null);
});
