import { useEffect, useRef, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { type Loaded, useLoaded } from "../parts/use-loaded.ts";
import { type Filter, type Selection, toQuery, toSelection } from "./filter.ts";
import { newer, refreshed, unfinished } from "./rows.ts";

export type Execution = components["schemas"]["Execution"];
export type ExecutionPage = components["schemas"]["ExecutionPage"];

export const PAGE = 50;
/** How often rows that can change, and newer ones, are asked for. */
const EVERY_MS = 3_000;
/** If no row can change. */
const SELDOM_MS = 10_000;

/** The API's query for a filter. What an address has needn't be valid: the API says what is wrong. */
type Query = NonNullable<Parameters<typeof list>[0]>;

function list(query: Record<string, unknown>): Promise<ExecutionPage> {
  return send(api.GET("/api/v1/executions", { params: { query } }));
}

export interface List {
  readonly loaded: Loaded<ExecutionPage>;
  readonly rows: readonly Execution[];
  /** How many were submitted since the page was loaded; `PAGE` stands for as many or more. */
  readonly fresh: number;
}

/** One page of the list. Its rows change in place, and none moves until it is loaded again. */
export function useList(filter: Filter, cursor: string): List {
  const text = toQuery(filter).toString();
  const loaded = useLoaded(() => {
    const selection: Selection = toSelection(filter, Date.now());
    return list({ ...selection, limit: PAGE, ...(cursor && { cursor }) });
  }, [text, cursor]);
  const [rows, setRows] = useState<readonly Execution[]>([]);
  const [fresh, setFresh] = useState(0);
  useEffect(() => {
    setRows(loaded.value?.items ?? []);
    setFresh(0);
  }, [loaded.value]);

  const shown = useRef(rows);
  shown.current = rows;
  const isLoaded = loaded.value !== null;
  useEffect(() => {
    if (!isLoaded) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const look = async () => {
      if (!document.hidden) {
        // The next look is soon enough, and useLoaded says what is unavailable.
        await update(filter, cursor, shown.current, setRows, setFresh).catch(() => undefined);
      }
      if (!isOver)
        timer = setTimeout(look, unfinished(shown.current).length ? EVERY_MS : SELDOM_MS);
    };
    timer = setTimeout(look, EVERY_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [text, cursor, isLoaded]);
  return { loaded, rows, fresh };
}

async function update(
  filter: Filter,
  cursor: string,
  rows: readonly Execution[],
  setRows: (change: (rows: readonly Execution[]) => readonly Execution[]) => void,
  setFresh: (count: number) => void,
): Promise<void> {
  const ids = unfinished(rows);
  if (ids.length > 0) {
    const owner: Query = filter.owner === "" ? {} : { owner: filter.owner };
    const found = await list({ ...owner, id: ids, limit: 200 });
    setRows((known) => refreshed(known, new Set(ids), found.items));
  }
  if (cursor !== "") return;
  const newest = rows[0]?.created_at;
  const selection = toSelection(filter, Date.now());
  const since = newest === undefined ? {} : { from: newest };
  const found = await list({ ...selection, ...since, limit: PAGE });
  setFresh(newer(rows, found.items));
}
