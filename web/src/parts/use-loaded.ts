import { type Inputs, useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, UNREACHABLE } from "../api/problem.ts";

/** What is known of something that the API was asked for. */
export interface Loaded<T> {
  /** What the API said last, also while it is asked again and after it failed. */
  value: T | null;
  problem: Problem | null;
  isLoading: boolean;
  reload: () => void;
}

interface Options {
  /** Ask again after as many milliseconds, while the page is visible. */
  every?: number;
}

/** Tells everything that failed to try again now. */
export const RETRY = "podline:retry";

const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 30;

/** After how many seconds to try again, the nth time. */
export function pause(problem: Problem, failures: number): number {
  return Math.min(problem.retryAfter ?? FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
}

/**
 * Ask the API when the page is shown and whenever an input changes; until it has responded, the
 * value is the one before. A temporary problem is retried
 * after the time that the API names, when the connection returns, and on RETRY.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: Inputs,
  { every }: Options = {},
): Loaded<T> {
  const [known, setKnown] = useState<Omit<Loaded<T>, "reload">>(NOTHING);
  const [turn, setTurn] = useState(0);
  const failures = useRef(0);
  const reload = useCallback(() => setTurn((last) => last + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (seconds: number) => {
      timer = setTimeout(() => (document.hidden ? again(1) : reload()), seconds * 1000);
    };
    setKnown((last) => ({ ...last, isLoading: true }));
    load(abort.signal).then(
      (value) => {
        if (abort.signal.aborted) return;
        failures.current = 0;
        setKnown({ value, problem: null, isLoading: false });
        if (every !== undefined) again(every / 1000);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const problem = error instanceof Problem ? error : UNREACHABLE;
        failures.current += 1;
        setKnown((last) => ({ ...last, problem, isLoading: false }));
        if (problem.isTemporary) again(pause(problem, failures.current));
        if (!(error instanceof Problem)) throw error;
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [...inputs, turn]);

  const hasFailed = known.problem?.isTemporary ?? false;
  useEffect(() => {
    if (!hasFailed) return;
    for (const event of ["online", RETRY]) addEventListener(event, reload);
    return () => {
      for (const event of ["online", RETRY]) removeEventListener(event, reload);
    };
  }, [hasFailed]);

  return { ...known, reload };
}

const NOTHING = { value: null, problem: null, isLoading: true };
