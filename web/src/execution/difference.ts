import { diffArrays, diffWordsWithSpace } from "diff";

/** A part of a line, and whether the other side lacks it. */
export interface Part {
  readonly text: string;
  readonly differs: boolean;
}

export interface DifferenceRow {
  readonly kind: "same" | "missing" | "extra" | "omitted";
  /** Number of the line in what was expected; null if it is not there. */
  readonly expected: number | null;
  readonly actual: number | null;
  readonly parts: readonly Part[];
}

export interface Difference {
  readonly rows: readonly DifferenceRow[];
  /** Too different, or too large, to compare all: only the beginning was compared, line by line. */
  readonly isPartial: boolean;
}

/** Of each text: nobody reads more of a difference. */
export const MOST_CHARACTERS = 512 * 1024;
const MOST_LINES = 20_000;
const MOST_EDITS = 2_000;
const MOST_MILLISECONDS = 150;
/** Of two lines; those that differ in more words differ as a whole. */
const MOST_WORD_EDITS = 200;
/** Lines around each difference that are shown. */
const CONTEXT = 3;
/** More rows are left out. */
const MOST_ROWS = 1_000;
/** Lines that are longer are not compared word by word. */
const LONGEST_LINE = 2_000;

/** How the actual output differs from the expected one, by lines. Bounded, whatever both are. */
export function difference(expected: string, actual: string): Difference {
  const [wanted, got] = [
    linesOf(expected.slice(0, MOST_CHARACTERS)),
    linesOf(actual.slice(0, MOST_CHARACTERS)),
  ];
  const large = wanted.length + got.length > MOST_LINES;
  const changes = large
    ? undefined
    : diffArrays(wanted, got, { maxEditLength: MOST_EDITS, timeout: MOST_MILLISECONDS });
  const rows = changes === undefined ? lineByLine(wanted, got) : rowsOf(changes);
  const shown = folded(rows);
  const isCut = expected.length > MOST_CHARACTERS || actual.length > MOST_CHARACTERS;
  const isPartial = isCut || changes === undefined || shown.length > MOST_ROWS;
  return { rows: withParts(shown.slice(0, MOST_ROWS)), isPartial };
}

/** With one line break at its end: another end is no difference, unless the comparison is exact. */
export function ended(text: string): string {
  return `${text.trimEnd()}\n`;
}

/** Each line with its line break, so that a missing one at the end is a difference. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

type Changes = readonly { value: string[]; added: boolean; removed: boolean }[];

function rowsOf(changes: Changes): DifferenceRow[] {
  const rows: DifferenceRow[] = [];
  let [expected, actual] = [0, 0];
  for (const { value, added, removed } of changes) {
    for (const line of value) {
      const parts = [{ text: line, differs: false }];
      if (removed) rows.push({ kind: "missing", expected: ++expected, actual: null, parts });
      else if (added) rows.push({ kind: "extra", expected: null, actual: ++actual, parts });
      else rows.push({ kind: "same", expected: ++expected, actual: ++actual, parts });
    }
  }
  return rows;
}

/** What a diff is when there is no time for one: from the first line that differs, pair by pair. */
function lineByLine(wanted: readonly string[], got: readonly string[]): DifferenceRow[] {
  const most = Math.max(wanted.length, got.length);
  let first = 0;
  while (first < most && wanted[first] === got[first]) first++;
  const rows: DifferenceRow[] = [];
  const from = Math.max(first - CONTEXT, 0);
  if (from > 0) rows.push(omitted(from));
  for (let at = from; at < most && rows.length <= MOST_ROWS; at++)
    rows.push(...pair(wanted[at], got[at], at));
  return rows;
}

function pair(wanted: string | undefined, got: string | undefined, at: number): DifferenceRow[] {
  const row = (kind: DifferenceRow["kind"], text: string): DifferenceRow => ({
    kind,
    expected: kind === "extra" ? null : at + 1,
    actual: kind === "missing" ? null : at + 1,
    parts: [{ text, differs: false }],
  });
  if (wanted !== undefined && wanted === got) return [row("same", wanted)];
  const rows: DifferenceRow[] = [];
  if (wanted !== undefined) rows.push(row("missing", wanted));
  if (got !== undefined) rows.push(row("extra", got));
  return rows;
}

function omitted(count: number): DifferenceRow {
  const text = count === 1 ? "1 equal line" : `${count.toLocaleString("en")} equal lines`;
  return { kind: "omitted", expected: null, actual: null, parts: [{ text, differs: false }] };
}

/** Leave out equal lines that are far from a difference. */
function folded(rows: readonly DifferenceRow[]): DifferenceRow[] {
  const kept: DifferenceRow[] = [];
  let at = 0;
  while (at < rows.length) {
    let end = at;
    while (rows[end]?.kind === "same") end++;
    const before = at === 0 ? 0 : CONTEXT;
    const after = end === rows.length ? 0 : CONTEXT;
    const left = end - at - before - after;
    if (left > 1)
      kept.push(...rows.slice(at, at + before), omitted(left), ...rows.slice(end - after, end));
    else kept.push(...rows.slice(at, end));
    const row = rows[end];
    if (row !== undefined) kept.push(row);
    at = end + 1;
  }
  return kept;
}

/**
 * Where as many lines are extra as are missing, compare them in pairs, word by word, as long as
 * there is time: a program can print lines that take a second each.
 */
function withParts(rows: DifferenceRow[]): DifferenceRow[] {
  const until = Date.now() + MOST_MILLISECONDS;
  for (let at = 0; at < rows.length; at++) {
    if (rows[at]?.kind !== "missing") continue;
    const missing = run(rows, at, "missing");
    const extra = run(rows, at + missing, "extra");
    if (missing === extra)
      for (let n = 0; n < missing; n++) mark(rows, at + n, at + missing + n, until);
    at += missing + extra - 1;
  }
  return rows;
}

function run(rows: readonly DifferenceRow[], from: number, kind: DifferenceRow["kind"]): number {
  let to = from;
  while (rows[to]?.kind === kind) to++;
  return to - from;
}

function mark(rows: DifferenceRow[], missing: number, extra: number, until: number): void {
  const [one, other] = [rows[missing], rows[extra]];
  const [wanted, got] = [one?.parts[0]?.text, other?.parts[0]?.text];
  if (!one || !other || wanted === undefined || got === undefined) return;
  if (wanted.length + got.length > LONGEST_LINE) return;
  const timeout = until - Date.now();
  if (timeout <= 0) return;
  const changes = diffWordsWithSpace(wanted, got, { maxEditLength: MOST_WORD_EDITS, timeout });
  if (changes === undefined) return;
  const side = (isOther: (change: { added: boolean; removed: boolean }) => boolean): Part[] =>
    changes
      .filter((change) => !isOther(change))
      .map(({ value, added, removed }) => ({ text: value, differs: added || removed }));
  rows[missing] = { ...one, parts: side((change) => change.added) };
  rows[extra] = { ...other, parts: side((change) => change.removed) };
}

/** White space as characters that can be seen: space, tab, CR and the line break. */
export function visibleSpace(text: string): string {
  return text.replace(/[ \t\r\n]/g, (character) => SPACES[character] ?? character);
}

const SPACES: Record<string, string> = { " ": "·", "\t": "→\t", "\r": "␍", "\n": "⏎" };
