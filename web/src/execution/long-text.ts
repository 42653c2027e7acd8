const PIECE = 64 * 1024;

/** Text that grows by pieces of any size. A slice costs what it returns. */
export class LongText {
  #pieces: string[] = [];
  #starts: number[] = [];
  length = 0;

  append(text: string): void {
    const last = this.#pieces.length - 1;
    const tail = this.#pieces[last];
    if (tail !== undefined && tail.length + text.length <= PIECE) this.#pieces[last] = tail + text;
    else {
      this.#pieces.push(text);
      this.#starts.push(this.length);
    }
    this.length += text.length;
  }

  slice(from: number, to: number): string {
    let result = "";
    for (let index = this.#pieceAt(from); index < this.#pieces.length; index++) {
      const start = this.#starts[index] ?? 0;
      if (start >= to) break;
      result += (this.#pieces[index] ?? "").slice(Math.max(from - start, 0), to - start);
    }
    return result;
  }

  #pieceAt(position: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}
