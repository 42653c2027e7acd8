/** Texts that somebody else wrote, such as errors, and outputs of tests. */

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** They change the order in which the text around them is shown (UAX #9), or are invisible. */
const REORDERING = /[\u0080-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The text with a picture of each control character, and an escape of each that reorders it. */
export function visibleText(text: string): string {
  return text.replace(CONTROLS, picture).replace(REORDERING, escaped);
}

/** The Unicode picture of a control character: ␀, ␛, ␡. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  return code === 0x7f ? "\u2421" : String.fromCharCode(0x2400 + code);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
