/** Bytes as base64 and as text. */

import { fromBase64 } from "../parts/base64.ts";

const PIECE = 0x8000;

export function base64Of(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  }
  return btoa(pieces.join(""));
}

/** null if it is not base64 (RFC 4648, section 4, with padding). */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return fromBase64(base64);
  } catch {
    return null;
  }
}

/** null if it is not UTF-8, or has a NUL, which no editor shows. A byte order mark is kept. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
