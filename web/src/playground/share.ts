/**
 * Links that carry a program in their fragment, which browsers send to no server:
 * `#program=1.<base64url of deflate-raw of JSON>`. Whoever opens one trusts nobody: reading is
 * bounded, whatever the fragment is.
 */

import { base64Of, bytesOf } from "./bytes.ts";
import type { JsonObject } from "./json.ts";

const PREFIX = "#program=";
const FORMAT = "1";
/** Of the JSON, in bytes. */
export const LARGEST = 1024 * 1024;
/** Of the fragment: what can't be compressed takes 4/3 of that in base64, and some bytes more. */
const LONGEST = 1_450_000;
/** Chromium inflates all of a piece at once, by at most a factor of 1,032. */
const PIECE = 1024;
/** They concern whoever runs the program, so its author has no say. */
const NOT_SHARED = ["callback_url", "priority"] as const;

export class BadLink extends Error {}
export class TooLarge extends Error {}

/** Whether the fragment is meant for us. */
export function isShared(fragment: string): boolean {
  return fragment.startsWith(PREFIX);
}

/** The fragment that carries the submission. Throws TooLarge. */
export async function fragmentOf(submission: JsonObject): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(shared(submission)));
  if (bytes.length > LARGEST)
    throw new TooLarge("The program is too large for a link: more than 1 MiB.");
  const compressed = await all(
    piecesOf(bytes, bytes.length),
    new CompressionStream("deflate-raw"),
    Infinity,
  );
  return `${PREFIX}${FORMAT}.${urlSafe(base64Of(compressed))}`;
}

/** What the fragment carries; nothing is known of it except that it is JSON. Throws BadLink. */
export async function sharedIn(fragment: string): Promise<unknown> {
  if (!isShared(fragment)) throw new BadLink("This link has no program.");
  if (fragment.length > LONGEST)
    throw new BadLink("The link is longer than any that this page makes.");
  const [format, encoded] = split(fragment.slice(PREFIX.length));
  if (format !== FORMAT) throw new BadLink("A newer release of Podline made this link.");
  const bytes = /^[\w-]+$/.test(encoded)
    ? bytesOf(encoded.replaceAll("-", "+").replaceAll("_", "/"))
    : null;
  if (!bytes) throw new BadLink("The link is damaged. Copy it again, as a whole.");
  return shared(parsed(await inflated(bytes)));
}

function split(text: string): [string, string] {
  const dot = text.indexOf(".");
  return dot < 0 ? ["", text] : [text.slice(0, dot), text.slice(dot + 1)];
}

function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function shared<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !NOT_SHARED.some((each) => each === name));
  return Object.fromEntries(kept) as T;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new BadLink("The link is damaged. Copy it again, as a whole.");
  }
}

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  try {
    return await all(piecesOf(bytes, PIECE), new DecompressionStream("deflate-raw"), LARGEST);
  } catch (error) {
    if (error instanceof BadLink) throw error;
    throw new BadLink("The link is damaged. Copy it again, as a whole.");
  }
}

function piecesOf(bytes: Uint8Array<ArrayBuffer>, size: number): ReadableStream<BufferSource> {
  let at = 0;
  const pull = (controller: ReadableStreamDefaultController<BufferSource>): void => {
    if (at >= bytes.length) return controller.close();
    controller.enqueue(bytes.subarray(at, at + size));
    at += size;
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

async function all(
  pieces: ReadableStream<BufferSource>,
  through: GenericTransformStream,
  most: number,
): Promise<Uint8Array> {
  const reader = pieces.pipeThrough<Uint8Array>(through).getReader();
  const found: Uint8Array[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    found.push(next.value);
    size += next.value.length;
    if (size > most) {
      void reader.cancel().catch(() => undefined);
      throw new BadLink("The program in this link is too large.");
    }
  }
  return joined(found, size);
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
