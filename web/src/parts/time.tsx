import { useEffect, useState } from "preact/hooks";
import { age } from "./format.ts";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time in milliseconds, every second: one timer for all ages of a page. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const tick = () => setNow(Date.now());
    listeners.add(tick);
    timer ??= setInterval(() => listeners.forEach((listener) => listener()), 1000);
    return () => {
      listeners.delete(tick);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return now;
}

/** How long ago, or in how long, an ISO time is; the time itself is in its title. */
export function Age({ of }: { of: string }) {
  const seconds = (useNow() - Date.parse(of)) / 1000;
  return (
    <time dateTime={of} title={of}>
      {seconds < -1 ? `in ${age(-seconds)}` : `${age(seconds)} ago`}
    </time>
  );
}
