import type { TestContext } from "node:test";
import { put } from "./browser.ts";
import { settle } from "./page.tsx";

interface Timer {
  at: number;
  readonly every: number | null;
  readonly callback: () => void;
}

/** Date, timers and intervals, which stand still until a test says otherwise. */
export class Clock {
  #timers = new Map<number, Timer>();
  #last = 0;

  constructor(public now: number) {}

  set(callback: () => void, milliseconds = 0, isRepeated = false): number {
    const wait = Math.max(milliseconds, 1);
    const timer = { at: this.now + wait, every: isRepeated ? wait : null, callback };
    this.#timers.set(++this.#last, timer);
    return this.#last;
  }

  clear(id: number | undefined): void {
    if (id !== undefined) this.#timers.delete(id);
  }

  /** Let time pass, and then everything happen that follows. */
  async wait(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, timer] = next;
      this.now = timer.at;
      if (timer.every === null) this.#timers.delete(id);
      else timer.at += timer.every;
      timer.callback();
    }
    this.now = end;
    await settle();
  }

  #next(end: number): [number, Timer] | undefined {
    const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
    return due.sort(([, one], [, other]) => one.at - other.at)[0];
  }
}

/** Stop the clock, at a time, until the test ends. */
export function stopClock(test: TestContext, now = "2026-11-29T12:30:00Z"): Clock {
  const clock = new Clock(Date.parse(now));
  const given = {
    setTimeout: (callback: () => void, wait?: number) => clock.set(callback, wait),
    setInterval: (callback: () => void, wait?: number) => clock.set(callback, wait, true),
    clearTimeout: (id?: number) => clock.clear(id),
    clearInterval: (id?: number) => clock.clear(id),
    Date: class extends Date {
      constructor(...parts: [] | [number | string | Date]) {
        super(...((parts.length === 0 ? [clock.now] : parts) as [number]));
      }
      static override now = () => clock.now;
    },
  };
  const before = Object.entries(given).map(([name, value]) => [name, put(name, value)] as const);
  test.after(() => {
    for (const [name, value] of before) put(name, value);
  });
  return clock;
}
