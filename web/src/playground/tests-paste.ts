/** Tests from pasted text: JSON as the API takes it, or the cells of a spreadsheet. */

import { draftOf } from "./draft.ts";
import type { TestRow } from "./model.ts";

const MOST = 200;

/** null if it is neither. Cells are: input and expected output, perhaps after a name. */
export function testsFrom(text: string): TestRow[] | null {
  return /^\s*\[/.test(text) ? fromJson(text) : fromCells(text);
}

function fromJson(text: string): TestRow[] | null {
  try {
    const tests: unknown = JSON.parse(text);
    const found = draftOf({ language: "", source: "", tests }, () => "")?.tests;
    return found?.length ? [...found] : null;
  } catch {
    return null;
  }
}

function fromCells(text: string): TestRow[] | null {
  const rows = rowsOf(text);
  const width = rows[0]?.length ?? 0;
  if ((width !== 2 && width !== 3) || rows.length > MOST) return null;
  if (rows.some((row) => row.length !== width)) return null;
  return rows.map((row) => {
    const [expected = "", stdin = "", name = ""] = [...row].reverse();
    return { name, stdin, expected, points: null, rest: {} };
  });
}

const CELL = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r?\n|\r|$)/y;

/** As spreadsheets copy them: tabs between cells, and quotation marks around a line break. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const [, quoted, plain = "", end] = CELL.exec(text) ?? ["", "", "", ""];
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== "\t") {
      rows.push(row);
      row = [];
    } else if (CELL.lastIndex === text.length) {
      row.push("");
    }
  }
  if (row.length) rows.push(row);
  return rows;
}
