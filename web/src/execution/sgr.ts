/** A colour: one of the terminal's 16 by number, or red, green and blue (0 to 255). */
export type Colour = number | readonly [number, number, number];

/** How a piece of text looks. Text can't be hidden, and doesn't blink. */
export interface Style {
  readonly foreground?: Colour;
  readonly background?: Colour;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strike?: true;
  readonly inverse?: true;
}

export const PLAIN: Style = {};

type Flag = "bold" | "dim" | "italic" | "underline" | "strike" | "inverse";
const ON: Record<number, Flag> = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "underline",
  7: "inverse",
  9: "strike",
  21: "underline",
};
const OFF: Record<number, readonly Flag[]> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
};

/** The style after an SGR sequence with these parameters: `1;31`, `38;5;208`, `38:2::255:0:0`. */
export function styled(style: Style, parameters: string): Style {
  const groups = parameters.split(";").map((group) => group.split(":"));
  let result = style;
  while (groups.length > 0) {
    const [code = "", ...own] = groups.shift() ?? [];
    const number = code === "" ? 0 : Number(code);
    if (number === 38 || number === 48 || number === 58) {
      const colour = own.length > 0 ? withColons(own) : withSemicolons(groups);
      if (colour !== null && number !== 58) result = coloured(result, number, colour);
    } else if (number === 4 && own[0] === "0") {
      result = without(result, "underline");
    } else {
      result = changed(result, number);
    }
  }
  return result;
}

function changed(style: Style, number: number): Style {
  if (number === 0) return PLAIN;
  const flag = ON[number];
  if (flag) return { ...style, [flag]: true };
  if (OFF[number]) return without(style, ...OFF[number]);
  if (number === 39) return without(style, "foreground");
  if (number === 49) return without(style, "background");
  if (number >= 30 && number <= 37) return { ...style, foreground: number - 30 };
  if (number >= 40 && number <= 47) return { ...style, background: number - 40 };
  if (number >= 90 && number <= 97) return { ...style, foreground: number - 82 };
  if (number >= 100 && number <= 107) return { ...style, background: number - 92 };
  return style;
}

function without(style: Style, ...names: (keyof Style)[]): Style {
  const rest: Record<string, unknown> = { ...style };
  for (const name of names) delete rest[name];
  return rest as Style;
}

function coloured(style: Style, number: number, colour: Colour): Style {
  return number === 38 ? { ...style, foreground: colour } : { ...style, background: colour };
}

/** `5:n` or `2:[space]:r:g:b`, where older programs leave out the colour space. */
function withColons(own: readonly string[]): Colour | null {
  const values = own.map(Number);
  if (values[0] === 5) return indexed(values[1]);
  if (values[0] === 2) return trueColour(own.length > 4 ? values.slice(2, 5) : values.slice(1, 4));
  return null;
}

/** `5;n` or `2;r;g;b`: takes the groups that belong to the colour. */
function withSemicolons(groups: string[][]): Colour | null {
  const kind = groups.shift()?.[0];
  if (kind === "5") return indexed(Number(groups.shift()?.[0] ?? NaN));
  if (kind === "2") return trueColour(groups.splice(0, 3).map(([value]) => Number(value)));
  return null;
}

function trueColour(values: readonly number[]): Colour | null {
  const [red = NaN, green = NaN, blue = NaN] = values;
  return [red, green, blue].every(isByte) ? [red, green, blue] : null;
}

const STEPS = [0, 95, 135, 175, 215, 255];

/** One of xterm's 256 colours: 16 of the theme, a cube of 6 x 6 x 6, and 24 shades of grey. */
function indexed(number: number | undefined): Colour | null {
  if (number === undefined || !isByte(number)) return null;
  if (number < 16) return number;
  if (number >= 232)
    return [8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232)];
  const cube = number - 16;
  const step = (divisor: number): number => STEPS[Math.floor(cube / divisor) % 6] ?? 0;
  return [step(36), step(6), step(1)];
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}
