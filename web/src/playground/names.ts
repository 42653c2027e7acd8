/** Names of files: what the service accepts, and how a page shows what it doesn't. */

import { sizeOf } from "./bytes.ts";

const LONGEST = 200;
/** The same characters that the service refuses in names: they could control a terminal. */
const NOT_SHOWABLE = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/gu;
/** Also those that are invisible, or that change the order of what follows. */
const INVISIBLE =
  /[\0-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\p{Cs}]/gu;

/** The name with every character visible, for display only. */
export function visible(name: string): string {
  return name.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Why the service would refuse the name, or null. `others` are the names beside it. */
export function problemWith(name: string, others: readonly string[]): string | null {
  if (!isRelative(name)) return "must be a relative path such as src/main.py, without . and ..";
  if (sizeOf(name) > LONGEST) return `must have at most ${LONGEST} bytes`;
  if (name.search(NOT_SHOWABLE) >= 0) return "contains a character that can control a terminal";
  if (others.includes(name)) return "is also the name of another file";
  const folders = others.some((each) => each.startsWith(`${name}/`) || name.startsWith(`${each}/`));
  return folders ? "would be both a file and a folder" : null;
}

/** Whether it leads to a place below the folder that it is relative to. */
export function isRelative(name: string): boolean {
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The name, or one with a number before its suffix that no other file has. */
export function unused(name: string, others: readonly string[]): string {
  const [, stem = name, suffix = ""] = /^(.*?[^/])(\.[^./]*)?$/s.exec(name) ?? [];
  let found = name;
  for (let next = 2; others.includes(found); next++) found = `${stem}${next}${suffix}`;
  return found;
}
