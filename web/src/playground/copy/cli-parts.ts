/** A submission as the script needs it. */

import { bytesOf } from "../bytes.ts";
import type { JsonObject } from "../json.ts";

/** The command line has no option for something, or nothing safe could be written. */
export class NotPossible extends Error {}

export interface File {
  readonly name: string;
  readonly content: string;
  readonly encoding?: "utf-8" | "base64";
}
export interface Test {
  readonly name?: string;
  readonly stdin?: string;
  readonly stdin_base64?: string;
  readonly expected_output?: string;
  readonly expected_output_base64?: string;
}

export function nameOf(test: Test, index: number): string {
  return test.name ?? String(index + 1);
}

export function stdinOf(sent: Test | JsonObject): Uint8Array | string | null {
  if (typeof sent.stdin === "string") return sent.stdin;
  return typeof sent.stdin_base64 === "string" ? bytesOf(sent.stdin_base64) : null;
}

/** The command compares a text by lines, but bytes exactly. */
export function binaryOnly(base64: string): Uint8Array {
  const bytes = bytesOf(base64);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes ?? new Uint8Array());
  } catch {
    return bytes ?? new Uint8Array();
  }
  throw new NotPossible("podline run compares an expected output that is a text by lines.");
}

/** The one bound of `podline judge`, if there is only one. */
export function bound(compare: Record<string, unknown>): unknown {
  const { absolute, relative } = compare.numbers as { absolute?: number; relative?: number };
  return absolute === relative ? absolute : undefined;
}
