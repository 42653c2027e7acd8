/** A `state` event of the stream, with its time in milliseconds. */
export interface Change {
  readonly state: string;
  /** How many attempts had been started. */
  readonly attempt: number;
  readonly time: number;
  readonly message: string | null;
}

export type PhaseName = "queued" | "created" | "running" | "persisted";

export interface Phase {
  readonly name: PhaseName;
  readonly from: number;
  /** Null while it lasts. */
  readonly to: number | null;
}

export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly phases: readonly Phase[];
  /** How it ended; null while it lasts. A lost attempt was followed by another one. */
  readonly end: "completed" | "failed" | "cancelled" | "lost" | null;
  /** Why it was lost or failed. */
  readonly message: string | null;
}

/** When the program itself began and ended, which the events report later. */
export interface Ran {
  readonly started: number | null;
  readonly finished: number | null;
}

const PHASE_OF: Record<string, PhaseName> = {
  queued: "queued",
  admitted: "created",
  starting: "created",
  running: "running",
  finished: "persisted",
};
const TERMINAL = ["completed", "failed", "cancelled"] as const;

interface Draft {
  number: number;
  phases: { name: PhaseName; from: number; to: number | null }[];
  end: Attempt["end"];
  message: string | null;
}

/** What happened in each attempt, from the execution's events, oldest first. */
export function attemptsOf(changes: readonly Change[], ran: Ran): Attempt[] {
  const attempts: Draft[] = [];
  for (const change of changes) {
    const last = attempts[attempts.length - 1];
    const end = TERMINAL.find((state) => state === change.state);
    if (end !== undefined) close(last, change, end);
    else if (change.state === "queued") {
      close(last, change, "lost");
      attempts.push({ number: change.attempt + 1, phases: [], end: null, message: null });
      enter(attempts[attempts.length - 1], change);
    } else enter(last, change);
  }
  correct(attempts[attempts.length - 1], ran);
  return attempts;
}

function close(attempt: Draft | undefined, change: Change, end: Attempt["end"]): void {
  if (attempt === undefined) return;
  const phase = attempt.phases[attempt.phases.length - 1];
  if (phase !== undefined) phase.to = change.time;
  attempt.end = end;
  attempt.message = end === "lost" || end === "failed" ? change.message : null;
}

/** Begin the phase of a state, unless it has begun. */
function enter(attempt: Draft | undefined, change: Change): void {
  const name = PHASE_OF[change.state];
  const phase = attempt?.phases[attempt.phases.length - 1];
  if (attempt === undefined || name === undefined || phase?.name === name) return;
  if (phase !== undefined) phase.to = change.time;
  attempt.phases.push({ name, from: change.time, to: null });
}

/** Replace when others noticed the program's start and end by when they happened. */
function correct(attempt: Draft | undefined, { started, finished }: Ran): void {
  if (attempt === undefined || started === null) return;
  const index = attempt.phases.findIndex((phase) => phase.name === "created");
  const created = attempt.phases[index];
  if (created === undefined || started < created.from) return;
  let running = attempt.phases.find((phase) => phase.name === "running");
  if (running === undefined) {
    running = { name: "running", from: started, to: created.to };
    attempt.phases.splice(index + 1, 0, running);
  }
  created.to = running.from = started;
  const persisted = attempt.phases.find((phase) => phase.name === "persisted");
  if (finished === null || finished < started) return;
  running.to = finished;
  if (persisted !== undefined) persisted.from = finished;
}

/** From the first event to the last, or to now while something lasts; at least 1 ms. */
export function spanOf(attempts: readonly Attempt[], now: number): { from: number; to: number } {
  const phases = attempts.flatMap((attempt) => attempt.phases);
  const from = Math.min(...phases.map((phase) => phase.from));
  const to = Math.max(...phases.map((phase) => phase.to ?? now));
  return phases.length === 0 ? { from: now, to: now + 1 } : { from, to: Math.max(to, from + 1) };
}

const LAST_LABEL = 0.9; // what follows has no room at the right edge

/** Times for the axis: a few round steps from the beginning, in milliseconds. */
export function ticksOf(duration: number, most = 5): number[] {
  const rough = duration / most;
  const unit = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((each) => each >= rough) ?? rough;
  const ticks: number[] = [];
  for (let tick = 0; tick <= duration * LAST_LABEL; tick += step) ticks.push(tick);
  return ticks;
}
