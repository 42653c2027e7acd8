/**
 * The last state, kept by the browser, so that it survives a reload. One for each owner and tab, and
 * one for each owner that a new tab begins with: what was last written in any.
 */

import * as json from "./json.ts";

const KEY = "podline.playground.";
const FORMAT = 1;

export interface Kept {
  readonly submission: json.JsonObject;
  /** The name of the file in the editor. */
  readonly open: string;
  /** The id of the last execution. */
  readonly execution: string | null;
  /** Whether its author wrote something, so that replacing it needs a question. */
  readonly changed: boolean;
}

type Readable = Pick<Storage, "getItem">;
type Writable = Pick<Storage, "setItem" | "removeItem">;

/** This tab's; in a new one, that of the tab that wrote last. */
export function load(owner: string, tab: Readable, browser: Readable): Kept | null {
  return loadFrom(tab, owner) ?? loadFrom(browser, owner);
}

/** null if there is none, or if it is of a format that this release doesn't know. */
function loadFrom(storage: Readable, owner: string): Kept | null {
  try {
    return keptIn(json.object(JSON.parse(storage.getItem(KEY + owner) ?? "null")));
  } catch {
    return null; // not JSON, not ours, or the browser refuses
  }
}

function keptIn(found: Record<string, unknown>): Kept | null {
  if (found.format !== FORMAT) return null;
  return {
    submission: json.object(found.submission) as json.JsonObject,
    open: json.optional(json.text, "")(found.open),
    execution: json.optional(json.text, null)(found.execution),
    changed: json.optional(json.flag, true)(found.changed),
  };
}

/**
 * Returns false if the browser has no room, or refuses, so that only this tab may have it. What was
 * kept for new tabs before is kept still.
 */
export function save(owner: string, kept: Kept, tab: Writable, browser: Writable): boolean {
  const text = JSON.stringify({ format: FORMAT, ...kept });
  // An older state of this tab would hide what is kept for all.
  if (!put(tab, KEY + owner, text)) tab.removeItem(KEY + owner);
  return put(browser, KEY + owner, text);
}

function put(storage: Writable, key: string, text: string): boolean {
  try {
    storage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
