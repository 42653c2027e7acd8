import { useEffect, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Failed } from "../parts/states.tsx";
import type { Execution } from "./use-run.ts";

interface Props {
  id: string;
  onExecution: (execution: Execution) => void;
}

const WAIT_SECONDS = 20;
const ENDED = new Set(["completed", "failed", "cancelled"]);

/** What became of an execution. */
export function Result({ id, onExecution }: Props) {
  const [execution, setExecution] = useState<Execution | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const see = (found: Execution) => {
      setExecution(found);
      onExecution(found);
    };
    follow(id, abort.signal, see).catch((error: unknown) => {
      if (!abort.signal.aborted && error instanceof Problem) setProblem(error);
    });
    return () => abort.abort();
  }, [id]);
  if (problem) return <Failed problem={problem} />;
  if (!execution) return null;
  return (
    <>
      <p role="status">
        <StateBadge state={execution.state} outcome={execution.outcome ?? null} />{" "}
        {execution.message}
      </p>
      <pre class="playground-output">{execution.result?.compile?.stderr}</pre>
      <pre class="playground-output">{execution.result?.stdout}</pre>
      <pre class="playground-output">{execution.result?.stderr}</pre>
    </>
  );
}

async function follow(
  execution_id: string,
  signal: AbortSignal,
  see: (execution: Execution) => void,
): Promise<void> {
  for (let wait = 0; ; wait = WAIT_SECONDS) {
    const params = { path: { execution_id }, query: { wait } };
    const found = await send(api.GET("/api/v1/executions/{execution_id}", { params, signal }));
    see(found);
    if (ENDED.has(found.state)) return;
  }
}
