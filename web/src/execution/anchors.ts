import type { Source } from "./log.ts";

export type Stream = Exclude<Source, "mark">;

/** Lines of one stream that a link points to, from 1 and inclusive. */
export interface Lines {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

/**
 * Read `#stdout-L12` or `#stderr-L12-L20`; null if it is something else. Lines are counted within
 * their stream, because the order of both is only known while the program runs.
 */
export function parseLines(hash: string): Lines | null {
  const found = /^#(stdout|stderr)-L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (found === null) return null;
  const from = Number(found[2]);
  const to = Number(found[3] ?? from);
  if (from < 1 || to < 1) return null;
  return { stream: found[1] as Stream, from: Math.min(from, to), to: Math.max(from, to) };
}

export function writeLines({ stream, from, to }: Lines): string {
  return from === to ? `#${stream}-L${from}` : `#${stream}-L${from}-L${to}`;
}

/** What is selected after a click on a line; with Shift, the lines from where a range began. */
export function clicked(
  selected: Lines | null,
  stream: Stream,
  line: number,
  isShift: boolean,
): Lines {
  if (!isShift || selected?.stream !== stream) return { stream, from: line, to: line };
  return { stream, from: Math.min(selected.from, line), to: Math.max(selected.from, line) };
}
