/** A filter that somebody gave a name; this browser keeps it. */
export interface Saved {
  readonly name: string;
  /** Of the list's address. */
  readonly query: string;
}

const STORED = "podline.filters.";

export function parseSaved(text: string | null): Saved[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isSaved) : [];
  } catch {
    return [];
  }
}

function isSaved(value: unknown): value is Saved {
  const { name, query } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof query === "string";
}

/** With one more, in place of one with the same name. */
export function withSaved(saved: readonly Saved[], more: Saved): Saved[] {
  return [...saved.filter(({ name }) => name !== more.name), more];
}

/** Those of this owner: their names and labels are nobody else's business. */
export function loadSaved(owner: string): Saved[] {
  return parseSaved(localStorage.getItem(STORED + owner));
}

/** Whether the browser keeps them. */
export function storeSaved(owner: string, saved: readonly Saved[]): boolean {
  try {
    localStorage.setItem(STORED + owner, JSON.stringify(saved));
    return true;
  } catch {
    return false; // It has no room, or keeps nothing at all.
  }
}
