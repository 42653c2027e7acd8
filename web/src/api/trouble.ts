import type { Problem } from "./problem.ts";

type Listener = (problem: Problem | null) => void;

const listeners = new Set<Listener>();
let current: Problem | null = null;

/** Whether the service can be used at all: its last temporary problem, until a request succeeds. */
export const trouble = {
  get current(): Problem | null {
    return current;
  },
  report(problem: Problem | null): void {
    if (problem === current) return;
    current = problem;
    for (const listener of listeners) listener(problem);
  },
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
