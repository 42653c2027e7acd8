import type { Colour, Style } from "./sgr.ts";

export type Rgb = readonly [number, number, number];

/** What colours are shown on. */
export interface Theme {
  readonly background: Rgb;
  readonly foreground: Rgb;
  readonly sixteen: readonly Rgb[];
}

const hex = (text: string): Rgb[] =>
  text
    .split(" ")
    .map((each) => [0, 2, 4].map((at) => parseInt(each.slice(at, at + 2), 16)) as unknown as Rgb);

const DARK = hex(
  "3b4252 ff7b72 56d364 e3b341 79c0ff d2a8ff 39c5cf c9d1d9 8b949e ffa198 7ee787 f2cc60 a5d6ff e2c5ff 56d4dd ffffff",
);
const LIGHT = hex(
  "24292f b31d28 116329 7d4e00 0550ae 6639ba 1b6a72 57606a 6e7781 a40e26 1a7f37 633c01 0969da 8250df 3192aa 8c959f",
);

/** The theme for a background and the colour of plain text on it. */
export function themeOn(background: Rgb, foreground: Rgb): Theme {
  return { background, foreground, sixteen: luminance(background) < 0.2 ? DARK : LIGHT };
}

/** WCAG's level AA for text (https://www.w3.org/TR/WCAG22/#contrast-minimum). */
export const LEAST_CONTRAST = 4.5;

/** CSS for a style. Whatever colours a program chooses, its text can be read. */
export function css(style: Style, theme: Theme): Record<string, string> {
  const front = rgb(style.foreground, theme) ?? theme.foreground;
  const back = rgb(style.background, theme);
  const [text, under] = style.inverse ? [back ?? theme.background, front] : [front, back];
  const result: Record<string, string> = {};
  const isColoured = style.foreground !== undefined || under !== null || style.dim;
  if (isColoured) {
    const faded = style.dim ? mixed(text, under ?? theme.background, 0.35) : text;
    result.color = written(readable(faded, under ?? theme.background));
  }
  if (under !== null) result.backgroundColor = written(under);
  if (style.bold) result.fontWeight = "bold";
  if (style.italic) result.fontStyle = "italic";
  const lines = [style.underline && "underline", style.strike && "line-through"].filter(Boolean);
  if (lines.length > 0) result.textDecoration = lines.join(" ");
  return result;
}

/** The colour, as little lighter or darker as its contrast with the background needs. */
export function readable(colour: Rgb, background: Rgb): Rgb {
  if (contrast(colour, background) >= LEAST_CONTRAST) return colour;
  const goal: Rgb =
    contrast([255, 255, 255], background) >= LEAST_CONTRAST ? [255, 255, 255] : [0, 0, 0];
  for (let share = 0.1; share < 1; share += 0.1) {
    const lighter = mixed(colour, goal, share);
    if (contrast(lighter, background) >= LEAST_CONTRAST) return lighter;
  }
  return goal;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mixed(one: Rgb, other: Rgb, share: number): Rgb {
  return one.map((value, at) =>
    Math.round(value + ((other[at] ?? 0) - value) * share),
  ) as unknown as Rgb;
}

function rgb(colour: Colour | undefined, theme: Theme): Rgb | null {
  if (colour === undefined) return null;
  return typeof colour === "number" ? (theme.sixteen[colour] ?? null) : colour;
}

function written(colour: Rgb): string {
  return `rgb(${colour.join(", ")})`;
}

/** What the browser computed: `rgb(1, 2, 3)`, or with an alpha channel. */
export function parsed(text: string): Rgb {
  const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}
