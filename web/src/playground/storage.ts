/** The last state, kept by the browser, so that it survives a reload. One for each owner. */

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
type Writable = Pick<Storage, "setItem">;

/** null if there is none, or if it is of a format that this release doesn't know. */
export function load(storage: Readable, owner: string): Kept | null {
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

/** Returns false if the browser has no room, or refuses. What was kept before is kept still. */
export function save(storage: Writable, owner: string, kept: Kept): boolean {
  try {
    storage.setItem(KEY + owner, JSON.stringify({ format: FORMAT, ...kept }));
    return true;
  } catch {
    return false;
  }
}
