import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

const PROBE = 100;
/** Rows of lines that are not wrapped: longer lines are broken all the same. */
export const UNWRAPPED = 1_000;
const FEWEST = 20;

/** How many characters fit beside the numbers, and how many pixels of rows are in sight. */
export function useRoom(
  viewport: RefObject<HTMLElement | null>,
  probe: RefObject<HTMLElement | null>,
  numbers: number,
): { columns: number; height: number } {
  const [room, setRoom] = useState({ columns: 80, height: 400 });
  useEffect(() => {
    const measure = () => {
      if (viewport.current === null || probe.current === null) return;
      const cell = probe.current.getBoundingClientRect().width / PROBE;
      const width = viewport.current.clientWidth - 12;
      const fits = cell > 0 ? Math.floor(width / cell) - numbers : 80;
      const columns = Math.max(fits, FEWEST);
      const height = viewport.current.clientHeight;
      setRoom((last) =>
        last.columns === columns && last.height === height ? last : { columns, height },
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    if (viewport.current) observer.observe(viewport.current);
    return () => observer.disconnect();
  }, [numbers]);
  return room;
}

export const PROBE_TEXT = "x".repeat(PROBE);
