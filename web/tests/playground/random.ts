/** Property tests: seeded, so that what fails once fails again. */

export type Random = () => number;

/** Calls `property` with a generator of its own each time, and names the seed that fails. */
export async function randomly(
  times: number,
  property: (random: Random) => unknown,
): Promise<void> {
  for (let seed = 1; seed <= times; seed++) {
    try {
      await property(generator(seed));
    } catch (error) {
      throw new Error(`with seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

/** Mulberry32. */
function generator(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  "a",
  "Z",
  "0",
  " ",
  "\n",
  "\t",
  "\r\n",
  "'",
  '"',
  "\\",
  "\\n",
  "'''",
  '"""',
  "$HOME",
  "`id`",
  "$(id)",
  "!",
  "%s",
  "{",
  "}",
  "--",
  "-",
  "=",
  "#",
  "EOF",
  "END_OF_SUBMISSION",
  "\u00e9",
  "\u20ac",
  "\u{1f600}",
  "\u202e",
  "\u200b",
  "\ufeff",
  "\u2028",
  "\u007f",
  "\u009b",
  "\u001b[31m",
  "<b>",
  "&amp;",
  "__proto__",
];

/** A text of pieces that formats often get wrong. */
export function texts(random: Random, most = 12): string {
  const count = Math.floor(random() * most);
  return Array.from({ length: count }, () => oneOf(random, PIECES)).join("");
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

export function maybe<T>(random: Random, value: T): T | undefined {
  return random() < 0.5 ? value : undefined;
}
