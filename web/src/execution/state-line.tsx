import type { Connection } from "../api/events.ts";
import { StateBadge } from "../parts/badge.tsx";
import { duration } from "../parts/format.ts";
import { useNow } from "../parts/time.tsx";
import { type Execution, type Followed, isTerminal } from "./followed.ts";
import { verdictOf } from "./verdict.ts";

/** How far the execution has come, or its verdict in words. Changes are read aloud. */
export function StateLine({ followed, execution }: { followed: Followed; execution: Execution }) {
  return (
    <div class="execution-state">
      <p role="status" class="execution-state-text">
        <StateBadge state={execution.state} outcome={execution.outcome} />
        <span>{sentence(execution)}</span>
      </p>
      {execution.state === "running" && <RunningFor followed={followed} />}
      {execution.message && <p class="execution-message">{messageOf(execution)}</p>}
      <ConnectionLine connection={followed.connection} isOver={isTerminal(execution)} />
    </div>
  );
}

/** What the state, or the verdict, means. */
export function sentence(execution: Execution): string {
  const attempt = execution.attempt > 1 ? ` (attempt ${execution.attempt})` : "";
  switch (execution.state) {
    case "queued":
      return queued(execution);
    case "admitted":
      return "It holds a slot and starts in a moment.";
    case "starting":
      return `The program is being started${attempt}.`;
    case "running":
      return `The program is running${attempt}.`;
    case "finished":
      return "The program has ended. Its result is being stored.";
    case "completed":
      return verdict(execution);
    case "cancelled":
      return "It was cancelled, so there is no result.";
    case "failed":
      return "The service could not run the program.";
  }
}

function queued({ queue_position, attempt }: Execution): string {
  const place =
    queue_position === null ? "" : `, at queue position ${queue_position} (an estimate)`;
  return attempt > 0 ? `It waits for another attempt${place}.` : `It waits for a slot${place}.`;
}

function verdict(execution: Execution): string {
  const { result, outcome } = execution;
  const failed = result?.tests?.filter((test) => test.outcome !== "success").length ?? 0;
  if (result?.tests?.length) {
    return failed === 0
      ? "All tests succeeded."
      : `${failed} of ${result.tests.length} tests did not succeed.`;
  }
  const stage = outcome === "compile_error" ? result?.compile : result;
  return verdictOf({
    outcome,
    exit_code: stage?.exit_code ?? null,
    signal: stage?.signal ?? null,
    stopped_by: stage?.stopped_by ?? null,
  }).reason;
}

/** What the service says; while another attempt is under way, it is about the one before. */
function messageOf(execution: Execution): string {
  return isTerminal(execution)
    ? (execution.message ?? "")
    : `The last attempt ended: ${execution.message}`;
}

function RunningFor({ followed }: { followed: Followed }) {
  const now = useNow();
  const since = followed.changes.findLast((change) => change.state === "running")?.time;
  if (since === undefined) return null;
  return <p class="execution-since">for {duration(Math.max(now - since, 0))}</p>;
}

function ConnectionLine({ connection, isOver }: { connection: Connection; isOver: boolean }) {
  if (connection.as !== "waiting" || isOver) return null;
  return (
    <p class="execution-connection" role="status">
      Reconnecting: {connection.problem.title}. What you see may be out of date.
    </p>
  );
}
