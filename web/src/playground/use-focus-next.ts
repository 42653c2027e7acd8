import { useLayoutEffect, useRef } from "preact/hooks";
import { focusField } from "./form.ts";

/** Names the field that takes the focus once it is there: whoever adds a row wants to fill it in. */
export function useFocusNext(): (name: string, index: number) => void {
  const next = useRef<[string, number] | null>(null);
  useLayoutEffect(() => {
    if (!next.current) return;
    focusField(...next.current);
    next.current = null;
  });
  return (name, index) => {
    next.current = [name, index];
  };
}
