import { useEffect, useReducer, useRef } from "preact/hooks";
import { Followed } from "./followed.ts";

/** Follow an execution while it is shown; another id starts afresh. */
export function useFollowed(id: string): Followed {
  const [, show] = useReducer((turn: number) => turn + 1, 0);
  const followed = useRef<Followed | null>(null);
  if (followed.current?.id !== id) followed.current = new Followed(id, () => show(undefined));
  const current = followed.current;
  useEffect(() => current.start(), [current]);
  return current;
}
