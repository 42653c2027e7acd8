import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { LongTable } from "../../src/parts/long-table.tsx";
import { type Column, Table } from "../../src/parts/table.tsx";
import { show } from "../support/page.tsx";

interface Fruit {
  id: string;
  weight: number;
}

const FRUITS: readonly Fruit[] = ["apple", "pear", "plum"].map((id, weight) => ({ id, weight }));
const COLUMNS: readonly Column<Fruit>[] = [
  { title: "Name", isWide: true, cell: (fruit) => <b>{fruit.id}</b> },
  { title: "Weight", isNumber: true, cell: (fruit) => fruit.weight },
];
const COMMON = { caption: "Fruits", columns: COLUMNS, keyOf: (fruit: Fruit) => fruit.id };

/** A table whose rows open; what was opened. */
async function openable(t: TestContext) {
  const opened: string[] = [];
  const table = <Table {...COMMON} items={FRUITS} onOpen={(fruit) => opened.push(fruit.id)} />;
  return { opened, shown: await show(t, table) };
}

function focused(): string | null | undefined {
  return document.activeElement?.querySelector("b")?.textContent;
}

test("a table says what it lists, and heads its columns", async (t) => {
  const shown = await show(t, <Table {...COMMON} items={FRUITS} />);
  assert.equal(shown.one("caption").textContent, "Fruits");
  assert.equal(shown.one("[role=region]").getAttribute("aria-label"), "Fruits");
  assert.deepEqual(
    shown.all("th").map((each) => [each.textContent, each.getAttribute("scope"), each.className]),
    [
      ["Name", "col", "is-wide"],
      ["Weight", "col", "is-number"],
    ],
  );
  assert.deepEqual(shown.rows(), [
    ["apple", "0"],
    ["pear", "1"],
    ["plum", "2"],
  ]);
});

test("a table without actions is one stop of the keyboard, for scrolling", async (t) => {
  const shown = await show(t, <Table {...COMMON} items={FRUITS} />);
  const stops = shown.all("[tabindex='0']").map((each) => each.getAttribute("role"));
  assert.deepEqual(stops, ["region"]);
  const event = await shown.press(shown.one("tbody"), "j");
  assert.equal(event.defaultPrevented, false);
});

test("rows that open are one stop; keys move between them", async (t) => {
  const { shown } = await openable(t);
  assert.deepEqual(
    shown.all("tbody tr").map((each) => each.tabIndex),
    [0, -1, -1],
  );
  const [first] = shown.all("tbody tr");
  first?.focus();
  const stops = [];
  for (const key of ["j", "End", "ArrowDown", "k", "Home", "ArrowUp"]) {
    const event = await shown.press(document.activeElement as Element, key);
    assert.equal(event.defaultPrevented, true); // The page doesn't scroll, too.
    stops.push(focused());
  }
  assert.deepEqual(stops, ["pear", "plum", "plum", "pear", "apple", "apple"]);
});

test("Enter opens the row that has the focus", async (t) => {
  const { shown, opened } = await openable(t);
  shown.all("tbody tr")[1]?.focus();
  await shown.press(document.activeElement as Element, "Enter");
  assert.deepEqual(opened, ["pear"]);
});

test("keys that are pressed within a row are not the row's", async (t) => {
  const { shown, opened } = await openable(t);
  const [cell] = shown.all("tbody b");
  for (const key of ["Enter", "j"]) {
    const event = await shown.press(cell as Element, key);
    assert.equal(event.defaultPrevented, false);
  }
  assert.deepEqual(opened, []);
});

test("selected rows look selected", async (t) => {
  const table = <Table {...COMMON} items={FRUITS} isSelected={(fruit) => fruit.id === "plum"} />;
  const shown = await show(t, table);
  assert.deepEqual(shown.texts("tr.is-selected"), ["plum2"]);
});

test("a row stays the same element when others come before it", async (t) => {
  const shown = await show(t, <Table {...COMMON} items={FRUITS.slice(1)} />);
  const [pear] = shown.all("tbody tr");
  await shown.render(<Table {...COMMON} items={FRUITS} />);
  assert.equal(shown.all("tbody tr")[1], pear);
});

test("a long table shows 250 rows more each time", async (t) => {
  const many = Array.from({ length: 501 }, (_, n) => ({ id: `f${n}`, weight: n }));
  const shown = await show(t, <LongTable {...COMMON} items={many} />);
  assert.equal(shown.rows().length, 250);
  await shown.click("Show more: 251 are left");
  await shown.click("Show more: 1 are left");
  assert.equal(shown.rows().length, 501);
  assert.deepEqual(shown.buttons(), []);
});

test("a table that isn't long has no more to show", async (t) => {
  const many = Array.from({ length: 250 }, (_, n) => ({ id: `f${n}`, weight: n }));
  const shown = await show(t, <LongTable {...COMMON} items={many} />);
  assert.deepEqual(shown.buttons(), []);
});
