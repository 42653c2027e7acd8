import { age, count, duration } from "../parts/format.ts";

export const NOTHING = "–";

/** The label of a percentile in milliseconds; a dash if nothing was measured. */
export function percentile(
  found: { p50: number; p95: number } | null,
  which: "p50" | "p95",
): string {
  return found ? duration(found[which]) : NOTHING;
}

/** An age in seconds; a dash if there is none. */
export function optionalAge(seconds: number | null | undefined): string {
  return seconds == null ? NOTHING : age(seconds);
}

/** "about" where counting stopped: "1,000 or more". */
export function countedUpTo(value: number, most: number): string {
  return value >= most ? `${count(most)} or more` : count(value);
}

/** A rate on the axis of a chart: whole numbers where possible. */
export function rate(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toFixed(value < 1 ? 2 : 1);
}
