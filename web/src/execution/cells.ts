/** Text of which each UTF-16 unit takes one cell of a terminal. */
const NARROW = /^[\n\x20-\x7e\u00a0-\u02ff\u2400-\u2421]*$/;

export function isNarrow(text: string): boolean {
  return NARROW.test(text);
}

const TAB = 8;

// Hangul, CJK and emoji, roughly as in Unicode's East Asian Width. An error only moves a break.
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];
const COMBINING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** How many cells a character takes that begins in that cell. */
function width(character: string, cell: number): number {
  const code = character.codePointAt(0) ?? 0;
  if (code === 9) return TAB - (cell % TAB);
  if (code < 0x300) return 1;
  if (WIDE.some(([from, to]) => code >= from && code <= to)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

/** Of a row, per column, in UTF-16 units: any number of combining characters fits into no cell. */
const MOST_UNITS = 4;

/**
 * Calls `onBreak` with each index in the text of one line where a new row begins, if a row has
 * that many columns, and `cell` of them are taken by `units` of text. Returns how many are taken
 * in the last row.
 */
export function breaks(
  text: string,
  columns: number,
  cell: number,
  units: number,
  onBreak: (index: number) => void,
): number {
  let index = 0;
  let taken = cell;
  let begin = -units;
  for (const character of text) {
    const cells = width(character, taken);
    const isFull = index + character.length - begin > columns * MOST_UNITS;
    if (isFull || (taken + cells > columns && taken > 0)) {
      onBreak(index);
      taken = 0;
      begin = index;
    }
    taken += Math.min(cells, columns);
    index += character.length;
  }
  return taken;
}
