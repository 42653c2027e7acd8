import { useEffect, useReducer, useRef } from "preact/hooks";
import type { Log } from "./log.ts";
import type { Output } from "./output.ts";
import { Reading, type Shown } from "./reading.ts";

/** How long a frame may be kept from being drawn. */
const BUDGET_MS = 8;

/** The log of some output, which grows by as much in each frame as the page can bear. */
export function useReading(output: Output, shown: Shown, columns: number): Log {
  const [, show] = useReducer((turn: number) => turn + 1, 0);
  const reading = useRef<Reading | null>(null);
  const known = reading.current;
  const isStale =
    known === null ||
    known.output !== output ||
    known.shown !== shown ||
    known.generation !== output.generation;
  if (isStale) reading.current = new Reading(output, shown, columns);
  const current = reading.current as Reading;
  current.log.resize(columns);

  useEffect(() => {
    let frame = 0;
    const read = () => {
      frame = 0;
      if (current.generation !== output.generation) return show(undefined);
      const end = performance.now() + BUDGET_MS;
      current.read(() => performance.now() > end);
      if (!current.isDone) schedule();
      show(undefined);
    };
    const schedule = () => {
      frame ||= requestAnimationFrame(read);
    };
    if (!current.isDone) schedule();
    const unsubscribe = output.subscribe(schedule);
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [current]);

  return current.log;
}
