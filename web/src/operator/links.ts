/** Addresses of the lists behind the numbers. Their queries have the API's names. */

type Query = Readonly<Record<string, string | null | undefined>>;

/** An address of this page, without parameters that have no value. */
export function addressOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const text = new URLSearchParams(given).toString();
  return text ? `${path}?${text}` : path;
}

/** Executions of all owners, or of one. */
export function executionsOf(query: Query): string {
  return addressOf("/executions", { owner: "*", ...query });
}

/** Those that ended like this: `failed` and `cancelled` are states, the others outcomes. */
export function executionsThatEnded(end: string, since: string): string {
  const isState = end === "failed" || end === "cancelled";
  return executionsOf({ [isState ? "state" : "outcome"]: end, from: since });
}

export function executionAt(id: string): string {
  return `/executions/${encodeURIComponent(id)}`;
}
