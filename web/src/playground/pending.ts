/** A submission that was sent, but not answered: kept by the tab, so that it survives a reload. */

import * as json from "./json.ts";

const KEY = "podline.playground.pending.";

export interface Pending {
  /** The Idempotency-Key. */
  readonly key: string;
  readonly submission: json.JsonObject;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function loadPending(store: Store, owner: string): Pending | null {
  try {
    const found = json.object(JSON.parse(store.getItem(KEY + owner) ?? "null"));
    return {
      key: json.text(found.key),
      submission: json.object(found.submission) as json.JsonObject,
    };
  } catch {
    return null;
  }
}

/** One that is too large for the browser's store lives as long as the page. */
export function savePending(store: Store, owner: string, pending: Pending | null): void {
  try {
    if (pending) store.setItem(KEY + owner, JSON.stringify(pending));
    else store.removeItem(KEY + owner);
  } catch {
    store.removeItem(KEY + owner);
  }
}

/** The key of the last try, if that was not answered and had the same submission. */
export function keyFor(submission: json.JsonObject, last: Pending | null): string {
  const isSame = last && JSON.stringify(last.submission) === JSON.stringify(submission);
  return isSame ? last.key : newKey();
}

/** crypto.randomUUID exists only where the page came by HTTPS or from this machine. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
