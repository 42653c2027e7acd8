/** Most events name the state that an execution is in afterwards. */
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

/** A record of the audit log, which belongs to no execution. */
const AUDIT = "podline.audit.recorded.v1";

export type EventType = `podline.execution.${(typeof STATES)[number]}.v1` | typeof AUDIT;

export const EVENT_TYPES: readonly EventType[] = [
  ...STATES.map((state): EventType => `podline.execution.${state}.v1`),
  AUDIT,
];

/** The state that a type names, or `audit`; the type itself if it is another one. */
export function nameOf(type: string): string {
  if (type === AUDIT) return "audit";
  return /^podline\.execution\.(\w+)\.v\d+$/.exec(type)?.[1] ?? type;
}
