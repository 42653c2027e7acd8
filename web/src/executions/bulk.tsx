import { useEffect, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { inSlices } from "../operator/in-slices.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { count, counted } from "../parts/format.ts";
import type { Selection } from "./filter.ts";

export type Action = "cancel" | "retry" | "delete";

const VERBS: Record<Action, string> = { cancel: "Cancel", retry: "Retry", delete: "Delete" };
const DONE: Record<Action, string> = { cancel: "cancelled", retry: "retried", delete: "deleted" };
const WHICH: Record<Action, string> = {
  cancel: "Only executions that have not ended can be cancelled. They never get a result.",
  retry: "Only executions that have ended, and were not retried yet, are run again as new ones.",
  delete:
    "Only executions that have ended can be deleted. Programs, output and artifacts are erased; this can't be undone.",
};
/** The API counts no further. */
const COUNTED = 1_000;

/** A filter, or ids, with the time until which executions were submitted. */
export type Chosen = Selection & { id?: string[]; to: string };

function call(action: Action, chosen: Chosen, isDryRun: boolean) {
  const body = { ...chosen, dry_run: isDryRun } as never; // What an address has needn't be valid.
  return send(api.POST(`/api/v1/executions/${action}`, { body }));
}

interface Props {
  action: Action;
  chosen: Chosen;
  /** What is chosen, in words. */
  what: string;
  onClose: () => void;
  onDone: () => void;
}

type Phase = { as: "counting" | "asking" | "working" | "over"; problem?: string };

/** Cancel, retry or delete many executions: first how many, then how far it has come. */
export function BulkDialog({ action, chosen, what, onClose, onDone }: Props) {
  const [phase, setPhase] = useState<Phase>({ as: "counting" });
  const [matching, setMatching] = useState(0);
  const [done, setDone] = useState(0);
  const [skipped, setSkipped] = useState(0);
  useEffect(() => {
    call(action, chosen, true).then(
      ({ remaining }) => {
        setMatching(remaining);
        setPhase({ as: "asking" });
      },
      (error: Error) => setPhase({ as: "over", problem: error.message }),
    );
  }, []);
  const work = async () => {
    setPhase({ as: "working" });
    try {
      const most = matching < COUNTED ? matching : Infinity;
      const result = await inSlices(() => call(action, chosen, false), most, setDone);
      setSkipped(result.skipped);
      setPhase({ as: "over" });
    } catch (error) {
      setPhase({ as: "over", problem: (error as Error).message });
    }
    onDone();
  };
  const many =
    matching < COUNTED ? counted(matching, "execution") : `at least ${count(COUNTED)} executions`;
  return (
    <Dialog title={`${VERBS[action]} executions`} onClose={onClose}>
      <p class="hint">
        <bdi>{what}</bdi>
      </p>
      <p role="status">
        {phase.as === "counting" && "Counting…"}
        {phase.as === "asking" &&
          (matching === 0 ? `There is nothing to ${action}.` : `${VERBS[action]} ${many}?`)}
        {phase.as === "working" && `${count(done)} of ${many} ${DONE[action]}…`}
        {phase.as === "over" &&
          !phase.problem &&
          `${counted(done, "execution")} ${DONE[action]}.${left(skipped)}`}
      </p>
      {phase.as === "working" && (
        <progress max={Math.max(matching, done, 1)} value={done} aria-label="Progress" />
      )}
      <p class="field-problem" role="alert">
        {phase.problem &&
          `${phase.problem} ${done > 0 ? `${counted(done, "execution")} ${DONE[action]} before.` : ""}`}
      </p>
      {phase.as === "asking" && <p class="hint">{WHICH[action]}</p>}
      <div class="dialog-buttons">
        <Button onClick={onClose}>{phase.as === "over" ? "Close" : "Back"}</Button>
        {phase.as === "asking" && matching > 0 && (
          <Button look={action === "retry" ? "primary" : "danger"} onClick={work}>
            {VERBS[action]} {many}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function left(skipped: number): string {
  return skipped === 0
    ? ""
    : ` ${counted(skipped, "execution")} changed at the same time, or can't be.`;
}
