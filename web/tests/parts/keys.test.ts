import assert from "node:assert/strict";
import { test } from "node:test";
import { rowFor } from "../../src/parts/table.tsx";
import { neighbour } from "../../src/parts/tabs.tsx";

test("keys move between rows and stop at the ends", () => {
  assert.deepEqual(
    ["j", "ArrowDown", "End"].map((key) => rowFor(key, 1, 3)),
    [2, 2, 2],
  );
  assert.deepEqual(
    ["k", "ArrowUp", "Home"].map((key) => rowFor(key, 1, 3)),
    [0, 0, 0],
  );
  assert.equal(rowFor("j", 2, 3), 2);
  assert.equal(rowFor("k", 0, 3), 0);
  assert.equal(rowFor("x", 0, 3), undefined);
});

test("arrow keys go round the tabs", () => {
  const tabs = ["a", "b", "c"].map((id) => ({ id, label: id }));
  const to = (selected: string, key: string) => neighbour(tabs, selected, key)?.id;
  assert.equal(to("c", "ArrowRight"), "a");
  assert.equal(to("a", "ArrowLeft"), "c");
  assert.equal(to("b", "Home"), "a");
  assert.equal(to("b", "End"), "c");
  assert.equal(to("b", "Enter"), undefined);
});
