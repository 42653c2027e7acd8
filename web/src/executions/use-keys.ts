import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { go } from "../shell/router.ts";
import { commandOf, rowAfter } from "./keys.ts";
import type { Execution } from "./use-list.ts";

/** Keys that move between the rows of a table, open them and select them, wherever the focus is. */
export function useKeys(
  body: RefObject<HTMLTableSectionElement | null>,
  rows: readonly Execution[],
  onToggle: (id: string) => void,
  onHelp: () => void,
): void {
  const act = useRef<(event: KeyboardEvent) => void>(() => {});
  act.current = (event) => {
    const command = isElsewhere(event.target as Element) ? null : commandOf(event);
    if (command === null) return;
    const elements = [...(body.current?.rows ?? [])];
    const at = elements.findIndex((row) => row.contains(document.activeElement));
    const id = rows[at]?.id;
    if (command === "help") onHelp();
    else if (command === "open") {
      if (id === undefined || document.activeElement !== elements[at]) return;
      go(`/executions/${id}`);
    } else if (command === "select") {
      if (id === undefined) return;
      onToggle(id);
    } else elements[rowAfter(command, at, elements.length)]?.focus();
    event.preventDefault();
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => act.current(event);
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

/** Whether keys mean something else where the focus is. */
function isElsewhere(target: Element): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return (
    target.matches?.(
      "input:not([type=checkbox]), select, textarea, button, summary, [contenteditable]",
    ) ?? false
  );
}
