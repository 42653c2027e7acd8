import { useEffect } from "preact/hooks";
import { Failed, Loading } from "../parts/states.tsx";
import { Artifacts } from "./artifacts.tsx";
import { Compiler } from "./compiler.tsx";
import { Figures } from "./figures.tsx";
import { type Execution, type Followed, isTerminal } from "./followed.ts";
import { OutputView } from "./output-view.tsx";
import type { Output } from "./output.ts";
import { StateLine } from "./state-line.tsx";
import { Tests } from "./tests.tsx";
import { useFollowed } from "./use-followed.ts";
import { WrongOutput } from "./wrong-output.tsx";

interface Props {
  id: string;
  /** For a place beside something else: it fills its container, and scrolls by itself. */
  compact?: boolean;
  /** Called with each new state of the execution, also the last one, which has the result. */
  onExecution?: (execution: Execution) => void;
}

/** One execution from its queue to its verdict, with what it prints. */
export function ExecutionPanel({ id, compact = false, onExecution }: Props) {
  const followed = useFollowed(id);
  useEffect(() => {
    if (followed.execution) onExecution?.(followed.execution);
  }, [followed.execution]);
  return <FollowedPanel followed={followed} compact={compact} />;
}

/** The same, for somebody who follows the execution already. */
export function FollowedPanel({
  followed,
  compact = false,
}: {
  followed: Followed;
  compact?: boolean;
}) {
  const { execution, problem } = followed;
  if (execution === null)
    return problem ? <Failed problem={problem} /> : <Loading what="Loading the execution" />;
  const { result } = execution;
  const hasTests = result?.tests != null;
  const hasStarted = execution.outcome !== "compile_error";
  return (
    <div class={`execution-panel ${compact ? "is-compact" : ""}`}>
      <StateLine followed={followed} execution={execution} />
      {hasStarted && <Figures execution={execution} />}
      {result?.compile && <Compiler compile={result.compile} execution={execution} />}
      <NotKept execution={execution} output={followed.output} />
      {!hasStarted ? null : hasTests ? (
        <Tests execution={execution} tests={result?.tests ?? []} />
      ) : (
        <div class="execution-output">
          <OutputView
            output={followed.output}
            label="Output"
            isLive={!isTerminal(execution)}
            isInAddress={!compact}
            isCompact={compact}
            download={result ? (stream) => `/api/v1/executions/${execution.id}/${stream}` : null}
            empty={emptyText(execution, followed.endedTests)}
          />
        </div>
      )}
      {execution.outcome === "wrong_output" && !hasTests && <WrongOutput execution={execution} />}
      {result && <Artifacts execution={execution} result={result} />}
    </div>
  );
}

/** Says, where something was received before the end, that it will be gone. */
function NotKept({ execution, output }: { execution: Execution; output: Output }) {
  const isGone = execution.state === "cancelled" || execution.state === "failed";
  if (!isGone || output.pieces.length === 0) return null;
  return (
    <p class="execution-note" role="status">
      {notKept(execution)} This is what was received live: leaving the page loses it.
    </p>
  );
}

function notKept({ state }: Execution): string {
  return `The output of ${state} executions is not kept.`;
}

function emptyText(execution: Execution, endedTests: number): string {
  if (endedTests > 0)
    return endedTests === 1
      ? "1 test has ended. What it printed is shown with the verdict."
      : `${endedTests} tests have ended. What they printed is shown with the verdict.`;
  switch (execution.state) {
    case "completed":
      return "The program printed nothing.";
    case "failed":
    case "cancelled":
      return notKept(execution);
    default:
      return "Nothing has been printed yet.";
  }
}
