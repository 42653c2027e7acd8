import type { Row, Span } from "./log.ts";

export interface MarkedSpan extends Span {
  /** Whether a search found it, and whether it is the match that is looked at. */
  readonly mark: "match" | "current" | null;
}

/** The spans of a row, cut where matches, as [from, to) in the whole text, begin and end. */
export function marked(
  row: Row,
  matches: readonly (readonly [number, number])[],
  current: number | null,
): MarkedSpan[] {
  const spans: MarkedSpan[] = [];
  let at = row.start;
  for (const { text, style } of row.spans) {
    let used = 0;
    const cut = (to: number, mark: MarkedSpan["mark"]): void => {
      const end = Math.min(to - at, text.length);
      if (end > used) spans.push({ text: text.slice(used, end), style, mark });
      used = Math.max(used, end);
    };
    for (const [from, to] of matches) {
      cut(from, null);
      cut(to, from === current ? "current" : "match");
    }
    cut(at + text.length, null);
    at += text.length;
  }
  return spans;
}
