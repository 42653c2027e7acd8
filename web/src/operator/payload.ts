/** What is shown of raw messages. */

import { visibleText } from "../parts/visible.ts";

const SHOWN_CHARACTERS = 20_000;

/** Base64 as visible text. Bytes that no text has become U+FFFD. */
export function payloadText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return visibleText(new TextDecoder().decode(bytes).slice(0, SHOWN_CHARACTERS));
}
