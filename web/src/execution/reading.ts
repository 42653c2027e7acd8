import { AnsiParser, type AnsiReader } from "./ansi.ts";
import { Log, type Source } from "./log.ts";
import type { Output } from "./output.ts";
import { PLAIN, type Style, styled } from "./sgr.ts";

/** Which streams are shown: one, or both in the order in which they arrived. */
export type Shown = "both" | "stdout" | "stderr";

/** Reads what is shown of some output into a log, a bit at a time, so that the page stays alive. */
export class Reading {
  readonly log: Log;
  readonly generation: number;
  #next = 0;
  #parsers = new Map<Source, AnsiParser>();
  #styles = new Map<Source, Style>();

  constructor(
    readonly output: Output,
    readonly shown: Shown,
    columns: number,
  ) {
    this.log = new Log(columns);
    this.generation = output.generation;
  }

  get isDone(): boolean {
    return this.#next >= this.output.pieces.length;
  }

  /** Read until nothing is left or `isLate`, which is asked after each piece. */
  read(isLate: () => boolean): void {
    while (!this.isDone) {
      const piece = this.output.pieces[this.#next++];
      if (piece !== undefined && this.#isShown(piece.source))
        this.#append(piece.source, piece.text);
      if (isLate()) return;
    }
    if (this.output.isOver) this.#end();
  }

  /** Show what was held back as the possible beginning of an escape sequence. */
  #end(): void {
    for (const [source, parser] of this.#parsers) parser.end(this.#reader(source));
  }

  #isShown(source: Source): boolean {
    return source === "mark" || this.shown === "both" || source === this.shown;
  }

  #append(source: Source, text: string): void {
    if (source === "mark") {
      this.log.append(`${text}\n`, PLAIN, source);
      return;
    }
    const parser = this.#parsers.get(source) ?? new AnsiParser();
    this.#parsers.set(source, parser);
    parser.feed(text, this.#reader(source));
  }

  #reader(source: Source): AnsiReader {
    const style = () => this.#styles.get(source) ?? PLAIN;
    return {
      text: (part) => this.log.append(part, style(), source),
      sgr: (parameters) => this.#styles.set(source, styled(style(), parameters)),
    };
  }
}
