import type { Inputs } from "preact/hooks";
import { Problem } from "../api/problem.ts";
import { type Loaded, useLoaded } from "./use-loaded.ts";

const NOT_LOADED = new Problem(
  0,
  "Can't load this page",
  "Check the connection. If Podline has been upgraded, reload the page.",
);

/** A part of the page that is a script of its own, loaded when it is first shown. */
export function useScript<T>(load: () => Promise<T>, inputs: Inputs): Loaded<T> {
  return useLoaded(() => load().catch(() => Promise.reject(NOT_LOADED)), inputs);
}
