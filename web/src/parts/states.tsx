import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem.ts";
import { Button } from "./button.tsx";
import type { Loaded } from "./use-loaded.ts";

/** Something is on its way. */
export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p class="state" role="status">
      {what}…
    </p>
  );
}

/** There is nothing to show, and why. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

/** Something went wrong: what, and what to do. */
export function Failed({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div class="state state-failed" role="alert">
      <p class="state-title">{problem.title}</p>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.isTemporary && <p>The page tries again by itself.</p>}
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

interface ShownProps<T> {
  loaded: Loaded<T>;
  /** What is on its way, such as "Loading the keys". */
  what?: string;
  children: (value: T) => ComponentChildren;
}

/** What was loaded; before, that it is on its way, or why there is nothing. */
export function Shown<T>({ loaded, what, children }: ShownProps<T>) {
  const { value, problem, reload } = loaded;
  if (value !== null) return <>{children(value)}</>;
  if (problem) return <Failed problem={problem} onRetry={reload} />;
  return <Loading {...(what === undefined ? {} : { what })} />;
}
