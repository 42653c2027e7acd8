import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem.ts";
import { Button } from "./button.tsx";

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
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}
