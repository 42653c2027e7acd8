/** Lines that a link points to, from 1 and inclusive. */
export interface Lines {
  readonly from: number;
  readonly to: number;
}

/** Read `#L12` or `#L12-L20`; null if it is something else. */
export function parseLines(hash: string): Lines | null {
  const found = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (found === null) return null;
  const from = Number(found[1]);
  const to = Number(found[2] ?? from);
  if (from < 1 || to < 1) return null;
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

export function writeLines({ from, to }: Lines): string {
  return from === to ? `#L${from}` : `#L${from}-L${to}`;
}

/** What is selected after a click on a line; with Shift, the lines from where a range began. */
export function clicked(selected: Lines | null, line: number, isShift: boolean): Lines {
  if (!isShift || selected === null) return { from: line, to: line };
  return { from: Math.min(selected.from, line), to: Math.max(selected.from, line) };
}
