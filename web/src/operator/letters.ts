import type { components } from "../api/schema.d.ts";

export type Letter = components["schemas"]["DeadLetter"];
export type Status = components["schemas"]["DeadLetterStatus"];
export type Kind = components["schemas"]["DeadLetterKind"];

export const STATUSES: readonly Status[] = [
  "waiting",
  "retrying",
  "archived",
  "resolved",
  "discarded",
];
export const KINDS: readonly Kind[] = ["task_error", "poison", "exhausted", "callback"];

/** The most that the API counts. */
export const MOST_COUNTED = 1000;

/** What a bulk call selects, in words: "waiting dead letters of the kind poison". */
export function selection(status: Status | undefined, kind: Kind | undefined): string {
  return `${status ?? "waiting"} dead letters${kind ? ` of the kind ${kind}` : ""}`;
}
