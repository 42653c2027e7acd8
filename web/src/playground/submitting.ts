/** Sends a submission until it is accepted or refused: it never gets lost, and never runs twice. */

import { Problem } from "../api/problem.ts";

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;
/** Whoever has to wait for longer, such as for the next day, decides when to try again. */
const MOST_PATIENCE = 120;

export interface Waiting {
  readonly problem: Problem;
  readonly seconds: number;
}

export interface Ways<T> {
  /** Sends it, each time with the same Idempotency-Key. */
  post(): Promise<T>;
  /** Waits; rejects if the user gives up. */
  pause(seconds: number): Promise<void>;
  /** Shows that it was not accepted yet. */
  onWaiting(waiting: Waiting): void;
}

/** What `post` returns at last. Throws Problem if it was refused, or what `pause` rejects with. */
export async function submitted<T>({ post, pause, onWaiting }: Ways<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await post();
    } catch (error) {
      if (!(error instanceof Problem) || !error.isTemporary) throw error;
      const seconds = secondsBefore(error, tries);
      if (seconds > MOST_PATIENCE) throw error;
      onWaiting({ problem: error, seconds });
      await pause(seconds);
    }
  }
}

function secondsBefore(problem: Problem, tries: number): number {
  return problem.retryAfter ?? Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE);
}

/**
 * Whether the submission has to be sent again, with the same key: nobody knows if it was accepted,
 * or its author has to sign in first.
 */
export function isOpen(error: unknown): boolean {
  if (!(error instanceof Problem)) return true;
  return error.isTemporary || error.status >= 500 || error.status === 401;
}

/** A pause of a browser, which `signal` ends. */
export function paused(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
