import type { Source } from "./log.ts";

export interface Piece {
  readonly source: Source;
  readonly text: string;
}

/** What a program has printed so far, in the order in which it arrived. */
export class Output {
  pieces: Piece[] = [];
  /** Changes when everything starts from the beginning. */
  generation = 0;
  /** Nothing follows. */
  isOver = false;
  #listeners = new Set<() => void>();

  append(source: Source, text: string): void {
    if (text === "") return;
    this.pieces.push({ source, text });
    this.#changed();
  }

  end(): void {
    this.isOver = true;
    this.#changed();
  }

  restart(): void {
    this.pieces = [];
    this.isOver = false;
    this.generation++;
    this.#changed();
  }

  /** Returns what ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
