/** What is shown of the raw message of a dead letter. */

const SHOWN_CHARACTERS = 20_000;

/** Base64 as text: each byte that no text has is visible, and nothing moves a cursor. */
export function payloadText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const text = new TextDecoder().decode(bytes).slice(0, SHOWN_CHARACTERS);
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, visible);
}

/** The Unicode picture of a control character: ␀, ␛, ␡. */
function visible(character: string): string {
  const code = character.charCodeAt(0);
  return code === 0x7f ? "\u2421" : String.fromCharCode(0x2400 + code);
}
