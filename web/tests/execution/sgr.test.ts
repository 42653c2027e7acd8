import assert from "node:assert/strict";
import { test } from "node:test";
import { LEAST_CONTRAST, contrast, css, parsed, themeOn } from "../../src/execution/colours.ts";
import type { Rgb } from "../../src/execution/colours.ts";
import { PLAIN, type Style, styled } from "../../src/execution/sgr.ts";
import { randomly } from "./random.ts";

for (const [parameters, style] of Object.entries<Style>({
  "": {},
  "1": { bold: true },
  "31": { foreground: 1 },
  "1;4;97;41": { bold: true, underline: true, foreground: 15, background: 1 },
  "38;5;9": { foreground: 9 },
  "38;5;208": { foreground: [255, 135, 0] },
  "38;5;232": { foreground: [8, 8, 8] },
  "48;2;1;2;3": { background: [1, 2, 3] },
  "38:2::1:2:3": { foreground: [1, 2, 3] },
  "38:2:1:2:3": { foreground: [1, 2, 3] },
  "38:5:1;1": { foreground: 1, bold: true },
  "58;2;1;2;3;31": { foreground: 1 },
  "38;5;999;32": { foreground: 2 },
  "38;2;1;2": {},
  "38": {},
  "1;22;3;23;4;24;7;27;9;29": {},
  "4;4:0": {},
  "31;39;41;49": {},
  "8": {},
  "5": {},
  "999": {},
  "1;0": {},
  "1;;": {},
})) {
  test(`SGR ${parameters}`, () => assert.deepEqual(styled(PLAIN, parameters), style));
}

test("a style continues until it is changed", () => {
  assert.deepEqual(styled(styled(PLAIN, "1;31"), "4"), {
    bold: true,
    foreground: 1,
    underline: true,
  });
  assert.deepEqual(styled(styled(PLAIN, "1;31"), "22"), { foreground: 1 });
});

const THEMES = [
  themeOn([255, 255, 255], [28, 33, 40]),
  themeOn([246, 247, 249], [28, 33, 40]),
  themeOn([10, 13, 17], [227, 232, 238]),
];

test("whatever colours a program chooses, its text can be read in both themes", () => {
  const codes = ["0", "1", "2", "3", "7", "27", "39", "49"];
  randomly(150, (random) => {
    const byte = () => random.below(256);
    codes.push(
      `38;5;${byte()}`,
      `48;5;${byte()}`,
      `38;2;${byte()};${byte()};${byte()}`,
      `48;2;${byte()};${byte()};${byte()}`,
    );
    const style = styled(PLAIN, Array.from({ length: 4 }, () => random.of(codes)).join(";"));
    for (const theme of THEMES) {
      const shown = css(style, theme);
      const text: Rgb = shown.color ? parsed(shown.color) : theme.foreground;
      const under: Rgb = shown.backgroundColor ? parsed(shown.backgroundColor) : theme.background;
      assert.ok(contrast(text, under) >= LEAST_CONTRAST, `${JSON.stringify(style)} on ${under}`);
    }
  });
});

test("text in the colour of its background is shown", () => {
  for (const theme of THEMES) {
    const hidden = css({ foreground: theme.background, background: theme.background }, theme);
    assert.ok(contrast(parsed(hidden.color ?? ""), theme.background) >= LEAST_CONTRAST);
  }
});

test("a style in CSS", () => {
  const [light] = THEMES;
  assert.ok(light);
  assert.deepEqual(css(PLAIN, light), {});
  assert.deepEqual(css({ bold: true, italic: true, underline: true, strike: true }, light), {
    fontWeight: "bold",
    fontStyle: "italic",
    textDecoration: "underline line-through",
  });
  assert.deepEqual(css({ inverse: true }, light), {
    color: "rgb(255, 255, 255)",
    backgroundColor: "rgb(28, 33, 40)",
  });
});
