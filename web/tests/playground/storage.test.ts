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
}

test("what was kept comes back, for the same owner only", () => {
  const store = new Store();
  assert.equal(save(store, "ada", KEPT), true);
  assert.deepEqual(load(store, "ada"), KEPT);
  assert.equal(load(store, "bob"), null);
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
    assert.equal(load(store, "ada"), null, each);
  }
});

test("fields that an older release did not have take their defaults", () => {
  const store = new Store();
  store.setItem("podline.playground.ada", '{"format":1,"submission":{}}');
  assert.deepEqual(load(store, "ada"), {
    submission: {},
    open: "",
    execution: null,
    changed: true,
  });
});

test("a browser without room, or that refuses, is no error", () => {
  const refuses = (): never => {
    throw new DOMException("full", "QuotaExceededError");
  };
  assert.equal(save({ setItem: refuses }, "ada", KEPT), false);
  assert.equal(load({ getItem: refuses }, "ada"), null);
});
