import { breaks, isNarrow } from "./cells.ts";
import { Growing } from "./growing.ts";
import { LongText } from "./long-text.ts";
import { PLAIN, type Style } from "./sgr.ts";

/** Where a line comes from; a mark is written by the page, not by the program. */
export type Source = "stdout" | "stderr" | "mark";
const SOURCES: readonly Source[] = ["stdout", "stderr", "mark"];

// What is known of a line, so that its text needn't be read again: the index of its source, and
const SOURCE = 3;
/** that not every character takes one cell, */
const IS_WIDE = 4;
/** that it ends with a line break, */
const IS_WHOLE = 8;
/** that it continues a line of its source that another source has interrupted. */
const CONTINUES = 16;

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** What is shown in one row: a line, or a part of one that is longer. */
export interface Row {
  readonly source: Source;
  /** From 1, counted within its source; 0 for a mark. */
  readonly line: number;
  /** Whether the line begins here. */
  readonly isFirst: boolean;
  /** Where it begins in the whole text. */
  readonly start: number;
  readonly spans: readonly Span[];
}

/** More styles than any honest program uses; those that follow are plain. */
const MOST_STYLES = 4096;

/**
 * Lines with styles, laid out in rows of a width. It only grows; each row can be read at once,
 * wherever it is, and costs a few bytes.
 */
export class Log {
  readonly text = new LongText();
  #lines = new Growing();
  #facts = new Growing();
  #numbers = new Growing();
  #rows = new Growing();
  #runs = new Growing();
  #runStyles = new Growing();
  #styles: Style[] = [PLAIN];
  #ids = new Map<string, number>();
  #open = false;
  #cell = 0;
  /** How many lines of each source have begun, and which of the sources are within one. */
  #begun = SOURCES.map(() => 0);
  #within = SOURCES.map(() => false);

  constructor(public columns: number) {}

  /** How many lines a source has begun. */
  lineCount(source: Source): number {
    return this.#begun[SOURCES.indexOf(source)] ?? 0;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  /** Add text. A line that another source has begun is broken here. */
  append(text: string, style: Style, source: Source): void {
    this.#style(style);
    const index = SOURCES.indexOf(source);
    let from = 0;
    while (from < text.length) {
      const end = text.indexOf("\n", from);
      const to = end < 0 ? text.length : end;
      this.#begin(this.text.length + from, index);
      if (to > from) this.#layOut(text.slice(from, to), this.text.length + from);
      if (end < 0) break;
      this.#open = false;
      this.#within[index] = false;
      this.#facts.mark(IS_WHOLE);
      from = end + 1;
    }
    this.text.append(text);
  }

  #begin(start: number, source: number): void {
    if (this.#open && ((this.#facts.at(this.#facts.length - 1) ?? 0) & SOURCE) === source) return;
    this.#open = true;
    const continues = this.#within[source] ?? false;
    const line = (this.#begun[source] ?? 0) + (continues ? 0 : 1);
    this.#begun[source] = line;
    this.#within[source] = true;
    this.#lines.push(start);
    this.#facts.push(source | (continues ? CONTINUES : 0));
    this.#numbers.push(line);
    this.#beginRow(start);
  }

  #beginRow(start: number): void {
    this.#rows.push(start);
    this.#cell = 0;
  }

  #layOut(part: string, start: number): void {
    if (isNarrow(part)) this.#layOutNarrow(part.length, start);
    else {
      this.#facts.mark(IS_WIDE);
      this.#layOutWide(part, start);
    }
  }

  #layOutWide(part: string, start: number): void {
    const units = start - (this.#rows.at(this.rowCount - 1) ?? start);
    this.#cell = breaks(part, this.columns, this.#cell, units, (at) => this.#rows.push(start + at));
  }

  #layOutNarrow(length: number, start: number): void {
    let room = this.columns - this.#cell;
    let at = 0;
    while (length - at > room) {
      at += room;
      this.#rows.push(start + at);
      this.#cell = 0;
      room = this.columns;
    }
    this.#cell += length - at;
  }

  /** Lay everything out again, for another width. */
  resize(columns: number): void {
    if (columns === this.columns) return;
    this.columns = columns;
    this.#rows.clear();
    for (let line = 0; line < this.#lines.length; line++) {
      const start = this.#lines.at(line) ?? 0;
      const next = this.#lines.at(line + 1) ?? this.text.length;
      const facts = this.#facts.at(line) ?? 0;
      const end = facts & IS_WHOLE ? next - 1 : next;
      this.#beginRow(start);
      if (facts & IS_WIDE) this.#layOutWide(this.text.slice(start, end), start);
      else this.#layOutNarrow(end - start, start);
    }
  }

  #style(style: Style): void {
    const id = this.#idOf(style);
    const last = this.#runs.length - 1;
    if ((this.#runStyles.at(last) ?? 0) === id) return;
    this.#runs.push(this.text.length);
    this.#runStyles.push(id);
  }

  #idOf(style: Style): number {
    if (style === PLAIN) return 0;
    const key = JSON.stringify(style);
    const known = this.#ids.get(key);
    if (known !== undefined || this.#styles.length >= MOST_STYLES) return known ?? 0;
    this.#ids.set(key, this.#styles.length);
    return this.#styles.push(style) - 1;
  }

  row(index: number): Row | null {
    const start = this.#rows.at(index);
    if (start === undefined) return null;
    const line = this.#lines.lastUpTo(start);
    const next = this.#rows.at(index + 1) ?? this.text.length;
    const facts = this.#facts.at(line) ?? 0;
    const source = SOURCES[facts & SOURCE] ?? "stdout";
    return {
      source,
      line: source === "mark" ? 0 : (this.#numbers.at(line) ?? 0),
      isFirst: this.#lines.at(line) === start && !(facts & CONTINUES),
      start,
      spans: this.#spans(start, next),
    };
  }

  #spans(start: number, end: number): Span[] {
    const spans: Span[] = [];
    let run = this.#runs.lastUpTo(start);
    for (let from = start; from < end; run++) {
      const to = Math.min(this.#runs.at(run + 1) ?? end, end);
      const text = this.text.slice(from, to);
      const style = this.#styles[this.#runStyles.at(run) ?? 0] ?? PLAIN;
      const shown = to === end && text.endsWith("\n") ? text.slice(0, -1) : text;
      if (shown !== "") spans.push({ text: shown, style });
      from = to;
    }
    return spans;
  }

  /** The row in which a line of a source (from 1) begins; the last row if there is no such line. */
  rowOfLine(source: Source, line: number): number {
    const wanted = SOURCES.indexOf(source);
    let index = line - 1; // It can't come earlier.
    while (
      index < this.#lines.length &&
      (this.#numbers.at(index) !== line || ((this.#facts.at(index) ?? 0) & SOURCE) !== wanted)
    )
      index++;
    return Math.max(this.rowAt(this.#lines.at(index) ?? this.text.length), 0);
  }

  /** The row that shows a position of the text. */
  rowAt(position: number): number {
    return this.#rows.lastUpTo(position);
  }
}
