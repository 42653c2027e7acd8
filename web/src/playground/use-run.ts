import { useEffect, useRef, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import type { components } from "../api/schema.d.ts";
import type { JsonObject } from "./json.ts";
import { type Pending, keyFor, loadPending, savePending } from "./pending.ts";
import { type Waiting, isOpen, paused, submitted } from "./submitting.ts";

export type Execution = components["schemas"]["Execution"];

export interface Run {
  /** What is shown: the last execution, as far as it is known. */
  readonly id: string | null;
  readonly execution: Execution | null;
  readonly isSending: boolean;
  /** Why it was not accepted yet. */
  readonly waiting: Waiting | null;
  readonly isRunning: boolean;
  readonly start: (submission: JsonObject) => void;
  readonly cancel: () => void;
  readonly seen: (execution: Execution) => void;
}

interface Options {
  owner: string;
  /** The execution to show at first. */
  last: string | null;
  onAccepted: (execution: Execution) => void;
  onRefused: (problem: Problem) => void;
}

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** Sends submissions, one at a time, and knows what became of the last. */
export function useRun({ owner, last, onAccepted, onRefused }: Options): Run {
  const [id, setId] = useState(last);
  const [execution, setExecution] = useState<Execution | null>(null);
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const [sending, setSending] = useState<AbortController | null>(null);
  const open = useRef<Pending | null>(null);

  const keep = (pending: Pending | null) => {
    open.current = pending;
    savePending(sessionStorage, owner, pending);
  };

  const accepted = (found: Execution) => {
    keep(null);
    setId(found.id);
    setExecution(found);
    onAccepted(found);
  };

  const failed = (error: unknown, signal: AbortSignal) => {
    if (!isOpen(error)) keep(null);
    // Whoever gives up must not find it sent after a reload.
    if (signal.aborted) return savePending(sessionStorage, owner, null);
    if (!(error instanceof Problem)) throw error;
    onRefused(error);
  };

  const start = (submission: JsonObject) => {
    if (sending) return;
    const pending = { key: keyFor(submission, open.current), submission };
    keep(pending);
    const abort = new AbortController();
    setSending(abort);
    submitted({
      post: () => post(pending, abort.signal),
      pause: (seconds) => paused(seconds, abort.signal),
      onWaiting: setWaiting,
    })
      .then(accepted, (error: unknown) => failed(error, abort.signal))
      .finally(() => {
        setSending(null);
        setWaiting(null);
      });
  };

  useEffect(() => {
    open.current = loadPending(sessionStorage, owner);
    if (open.current) start(open.current.submission);
  }, []);

  const isRunning = execution !== null && !ENDED.has(execution.state);
  const cancel = () => {
    if (open.current !== null) sending?.abort();
    else if (isRunning) void cancelled(execution.id).catch(onRefused);
  };
  const seen = (found: Execution) => setExecution(found);
  return { id, execution, isSending: sending !== null, waiting, isRunning, start, cancel, seen };
}

function post({ key, submission }: Pending, signal: AbortSignal): Promise<Execution> {
  const params = { header: { "Idempotency-Key": key } };
  // The service checks it: the types of a form would only repeat the form's.
  const body = submission as unknown as components["schemas"]["Submission"];
  return send(api.POST("/api/v1/executions", { params, body, signal }));
}

/** One that has ended meanwhile needs no cancelling. */
async function cancelled(execution_id: string): Promise<void> {
  try {
    const params = { path: { execution_id } };
    await send(api.POST("/api/v1/executions/{execution_id}/cancel", { params }));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 409) throw error;
  }
}
