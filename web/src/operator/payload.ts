/** What is shown of texts that somebody else wrote: errors, and raw messages. */

const SHOWN_CHARACTERS = 20_000;

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** They change the order in which the text around them is shown (UAX #9), or are invisible. */
const REORDERING = /[\u0080-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The text with a picture of each control character, and an escape of each that reorders it. */
export function visibleText(text: string): string {
  return text.replace(CONTROLS, picture).replace(REORDERING, escaped);
}

/** Base64 as visible text. Bytes that no text has become U+FFFD. */
export function payloadText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return visibleText(new TextDecoder().decode(bytes).slice(0, SHOWN_CHARACTERS));
}

/** The Unicode picture of a control character: ␀, ␛, ␡. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  return code === 0x7f ? "\u2421" : String.fromCharCode(0x2400 + code);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
