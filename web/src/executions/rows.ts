/** What the list needs to know of an execution. */
export interface Listed {
  readonly id: string;
  readonly state: string;
  readonly retried_as: string | null;
}

/**
 * The rows with what is known of them now. Nothing moves: a row that doesn't match any more stays
 * where it is, and one that was deleted is removed.
 */
export function refreshed<T extends Listed>(
  shown: readonly T[],
  asked: ReadonlySet<string>,
  found: readonly T[],
): T[] {
  const now = new Map(found.map((row) => [row.id, row]));
  return shown
    .map((row) => now.get(row.id) ?? row)
    .filter((row) => now.has(row.id) || !asked.has(row.id));
}

/** How many of these, newest first, were submitted after those that are shown. Ids are ordered by time. */
export function newer(shown: readonly Listed[], found: readonly Listed[]): number {
  const newest = shown.reduce((newest, row) => (row.id > newest ? row.id : newest), "");
  return found.filter((row) => row.id > newest).length;
}

const TERMINAL = new Set(["completed", "failed", "cancelled"]);

export function isTerminal(state: string): boolean {
  return TERMINAL.has(state);
}

/** The ids of rows that can still change, at most as many as one request asks for. */
export function unfinished(shown: readonly Listed[], most = 200): string[] {
  return shown
    .filter((row) => !isTerminal(row.state))
    .map((row) => row.id)
    .slice(0, most);
}

/** The selection with one row more or less. */
export function toggled(selected: ReadonlySet<string>, id: string): Set<string> {
  const result = new Set(selected);
  if (!result.delete(id)) result.add(id);
  return result;
}
