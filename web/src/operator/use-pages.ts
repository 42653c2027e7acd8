import { type Inputs, useEffect, useRef } from "preact/hooks";
import { type Loaded, useLoaded } from "../parts/use-loaded.ts";

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type Pages<T> = Loaded<{ items: T[]; hasMore: boolean }> & { more: () => void };

/**
 * A list of the API, page after page. All pages that are shown are loaded again each time, so that
 * none of them is older than another.
 */
export function usePages<T>(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
  inputs: Inputs,
  options: { every?: number } = {},
): Pages<T> {
  const pages = useRef(1);
  useEffect(() => {
    pages.current = 1;
  }, inputs);
  const loaded = useLoaded(
    (signal) => first(pages.current, (at) => load(at, signal)),
    inputs,
    options,
  );
  const more = () => {
    pages.current += 1;
    loaded.reload();
  };
  return { ...loaded, more };
}

/** The items of up to so many pages. */
export async function first<T>(
  pages: number,
  load: (cursor: string | undefined) => Promise<Page<T>>,
): Promise<{ items: T[]; hasMore: boolean }> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < pages && cursor !== null; page += 1) {
    const found: Page<T> = await load(cursor);
    items.push(...found.items);
    cursor = found.next_cursor;
  }
  return { items, hasMore: cursor !== null };
}
