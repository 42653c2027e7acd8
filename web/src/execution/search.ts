import type { LongText } from "./long-text.ts";

export const MOST_MATCHES = 10_000;

/** Where a text occurs in a log that grows, whatever its case. Looks at each part once. */
export class Search {
  /** The beginning of each match. */
  readonly matches: number[] = [];
  #searched = 0;
  readonly #pattern: RegExp;

  constructor(
    readonly text: LongText,
    readonly needle: string,
  ) {
    this.#pattern = new RegExp(needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
  }

  get isFull(): boolean {
    return this.matches.length >= MOST_MATCHES;
  }

  /** Search in what was added since. */
  update(): void {
    if (this.needle === "" || this.isFull || this.text.length === this.#searched) return;
    const last = this.matches[this.matches.length - 1];
    const behindLast = last === undefined ? 0 : last + this.needle.length;
    const from = Math.max(this.#searched - this.needle.length + 1, behindLast, 0);
    for (const found of this.text.slice(from, this.text.length).matchAll(this.#pattern)) {
      this.matches.push(from + found.index);
      if (this.isFull) break;
    }
    this.#searched = this.text.length;
  }

  /** The matches that touch a part of the text, as [from, to). */
  within(from: number, to: number): [number, number][] {
    const length = this.needle.length;
    const found: [number, number][] = [];
    for (let index = this.#firstBehind(from - length); index < this.matches.length; index++) {
      const start = this.matches[index] ?? 0;
      if (start >= to) break;
      found.push([start, start + length]);
    }
    return found;
  }

  /** The index of the first match behind a position, or the first of all; -1 if there is none. */
  nextAfter(position: number): number {
    if (this.matches.length === 0) return -1;
    const index = this.#firstBehind(position);
    return index < this.matches.length ? index : 0;
  }

  #firstBehind(position: number): number {
    let [low, high] = [0, this.matches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.matches[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
