/** The types of events, which name the state that an execution is in afterwards. */
export const STATES = [
  "queued",
  "admitted",
  "starting",
  "running",
  "finished",
  "completed",
  "failed",
  "cancelled",
] as const;

export type EventType = `podline.execution.${(typeof STATES)[number]}.v1`;

export const EVENT_TYPES: readonly EventType[] = STATES.map(
  (state): EventType => `podline.execution.${state}.v1`,
);

/** The state that a type names; the type itself if it is another one. */
export function stateOf(type: string): string {
  return /^podline\.execution\.(\w+)\.v\d+$/.exec(type)?.[1] ?? type;
}
