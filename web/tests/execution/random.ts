/** Pseudo-random choices that are the same in each run. */
export class Random {
  constructor(private state: number) {}

  /** A whole number below a limit (Mulberry32). */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  /** The text in up to six pieces. */
  cuts(text: string): string[] {
    const places = Array.from({ length: this.below(6) }, () => this.below(text.length + 1)).sort(
      (a, b) => a - b,
    );
    return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
  }
}

/** Try a property with many random choices. */
export function randomly(times: number, property: (random: Random) => void): void {
  for (let seed = 1; seed <= times; seed++) property(new Random(seed));
}
