import { setQuery } from "../shell/router.ts";

/** The query with some parameters changed; those without a value are left out. */
export function changed(
  query: URLSearchParams,
  changes: Readonly<Record<string, string>>,
): URLSearchParams {
  const result = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) result.set(name, value);
    else result.delete(name);
  }
  return result;
}

/** Change parameters of the page's address. */
export function change(query: URLSearchParams, changes: Readonly<Record<string, string>>): void {
  setQuery(changed(query, changes));
}

/** A parameter as one of the values that it can have, or undefined. */
export function oneOf<T extends string>(value: string | null, values: readonly T[]): T | undefined {
  return values.find((each) => each === value);
}
