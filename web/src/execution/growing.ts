/** A list of whole numbers that grows: 4 bytes for each, and nothing for the garbage collector. */
export class Growing {
  #numbers = new Uint32Array(256);
  length = 0;

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  /** Set bits of the last number. */
  mark(bits: number): void {
    const last = this.length - 1;
    if (last >= 0) this.#numbers[last] = (this.#numbers[last] ?? 0) | bits;
  }

  /** Undefined behind the end, like an array. */
  at(index: number): number | undefined {
    return index < this.length ? this.#numbers[index] : undefined;
  }

  /** The index of the last number that is at most `limit`; -1 if there is none. Needs ascending order. */
  lastUpTo(limit: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? 0) <= limit) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  clear(): void {
    this.length = 0;
  }
}
