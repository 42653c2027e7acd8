/** A filter that somebody gave a name; this browser keeps it. */
export interface Saved {
  readonly name: string;
  /** Of the list's address. */
  readonly query: string;
}

const STORED = "podline.filters";

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

export function loadSaved(): Saved[] {
  return parseSaved(localStorage.getItem(STORED));
}

/** Whether the browser keeps them. */
export function storeSaved(saved: readonly Saved[]): boolean {
  try {
    localStorage.setItem(STORED, JSON.stringify(saved));
    return true;
  } catch {
    return false; // It has no room, or keeps nothing at all.
  }
}
