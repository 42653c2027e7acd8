/** What the charts show, computed from the minutes of the overview. */
import type { components } from "../api/schema.d.ts";

export type Minute = components["schemas"]["Minute"];

/** Every outcome, and the two ends without one, in the order in which they are shown. */
export const ENDS = [
  "success",
  "wrong_output",
  "checker_error",
  "compile_error",
  "runtime_error",
  "time_limit",
  "memory_limit",
  "output_limit",
  "failed",
  "cancelled",
] as const;

/** A value for each part of the period; null where there is none. */
export type Values = (number | null)[];

export interface Series {
  /** When each part begins, in seconds since the epoch. */
  starts: number[];
  /** Executions per minute by how they ended, without ends that nothing had. */
  ends: { name: string; perMinute: Values }[];
  waiting: Record<"p50" | "p95", Values>;
  running: Record<"p50" | "p95", Values>;
  queued: Values;
}

/**
 * The series of parts of `step` minutes. A part that is missing is a gap. The last one has not ended:
 * its rate is that of the minutes which have begun.
 */
export function seriesOf(minutes: readonly Minute[], step: number, now = Date.now()): Series {
  const parts = partsOf(minutes, step);
  const percentiles = (name: "waiting_ms" | "running_ms") => ({
    p50: parts.map((each) => each.minute?.[name]?.p50 ?? null),
    p95: parts.map((each) => each.minute?.[name]?.p95 ?? null),
  });
  const begun = parts.map(({ start }) => minutesBegun(start, step, now));
  return {
    starts: parts.map((each) => each.start),
    ends: namesOf(minutes).map((name) => ({
      name,
      perMinute: parts.map(({ minute }, index) =>
        minute ? (minute.ended[name] ?? 0) / (begun[index] ?? step) : null,
      ),
    })),
    waiting: percentiles("waiting_ms"),
    running: percentiles("running_ms"),
    queued: parts.map((each) => each.minute?.queued ?? null),
  };
}

/** How many minutes of a part have begun; the clocks of the service and of this page may differ. */
function minutesBegun(start: number, step: number, now: number): number {
  return Math.min(Math.max(Math.ceil((now / 1000 - start) / 60), 1), step);
}

/** The ends that occur: those that are known first, in their order. */
export function namesOf(minutes: readonly Minute[]): string[] {
  const found = new Set(minutes.flatMap((each) => Object.keys(each.ended)));
  const known = ENDS.filter((name) => found.has(name));
  const others = [...found].filter((name) => !(ENDS as readonly string[]).includes(name)).sort();
  return [...known, ...others];
}

/** How many ended in all. */
export function totalOf(ended: Readonly<Record<string, number>>): number {
  return Object.values(ended).reduce((sum, count) => sum + count, 0);
}

/** Each series on top of those before it, for bars that are drawn over each other, highest first. */
export function stacked(series: readonly Values[]): Values[] {
  const sums: Values[] = [];
  for (const values of series) {
    const below = sums.at(-1);
    sums.push(
      values.map((value, index) => (value === null ? null : value + (below?.[index] ?? 0))),
    );
  }
  return sums;
}

/** Where values have none beside them, so that no line leads to them. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null)
      found.push(index);
  }
  return found;
}

function partsOf(
  minutes: readonly Minute[],
  step: number,
): { start: number; minute: Minute | null }[] {
  const found = new Map(minutes.map((each) => [Date.parse(each.start) / 1000, each]));
  const [first, last] = [Math.min(...found.keys()), Math.max(...found.keys())];
  const parts: { start: number; minute: Minute | null }[] = [];
  for (let start = first; start <= last; start += step * 60) {
    parts.push({ start, minute: found.get(start) ?? null });
  }
  return parts;
}
