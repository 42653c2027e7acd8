import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Confirm } from "../parts/dialog.tsx";
import { count, counted } from "../parts/format.ts";
import { Shown } from "../parts/states.tsx";
import { toast } from "../parts/toast.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { countedUpTo } from "./figures.ts";
import { type Slice, inSlices } from "./in-slices.ts";
import { type Kind, MOST_COUNTED, type Status, selection } from "./letters.ts";

export type Action = "retry" | "discard";

interface Props {
  action: Action;
  status: Status | undefined;
  kind: Kind | undefined;
  onClose: () => void;
  onDone: () => void;
}

const AT_ONCE = 200;
const SAID = {
  retry: { verb: "Retry", done: "Retried" },
  discard: { verb: "Discard", done: "Discarded" },
} as const;

/** Retry or discard all that match the filter, after they are counted. */
export function BulkDialog({ action, status, kind, onClose, onDone }: Props) {
  const [progress, setProgress] = useState<number | null>(null);
  const call = (dryRun: boolean) => bulk(action, status, kind, dryRun);
  const matching = useLoaded(async () => (await call(true)).remaining, []);
  const { verb, done } = SAID[action];

  const confirm = async () => {
    const most = matching.value ?? 0;
    const all = most >= MOST_COUNTED ? Number.POSITIVE_INFINITY : most;
    try {
      const ended = await inSlices(() => call(false), all, setProgress);
      const skipped = ended.skipped ? `; ${count(ended.skipped)} can't be retried` : "";
      toast(`${done} ${counted(ended.done, "dead letter")}${skipped}.`);
    } finally {
      onDone();
    }
  };

  return (
    <Confirm
      title={`${verb} all ${selection(status, kind)}`}
      verb={verb}
      isDangerous={action === "discard"}
      isReady={matching.value !== null}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Shown loaded={matching} what="Counting">
        {(value) => (
          <p>
            <strong>{countedUpTo(value, MOST_COUNTED)}</strong> match now.{" "}
            {action === "discard" && "Those that are discarded stay visible and are never retried."}
            {action === "retry" && "An exhausted execution runs again as a new one."}
          </p>
        )}
      </Shown>
      <p role="status">{progress !== null && `${done} ${count(progress)} so far.`}</p>
    </Confirm>
  );
}

async function bulk(
  action: Action,
  status: Status | undefined,
  kind: Kind | undefined,
  dryRun: boolean,
): Promise<Slice> {
  const body = { status: status ?? null, kind: kind ?? null, dry_run: dryRun, limit: AT_ONCE };
  if (action === "retry") {
    const slice = await send(api.POST("/api/v1/dead-letters/retry", { body }));
    return { done: slice.retried, skipped: slice.skipped, remaining: slice.remaining };
  }
  const slice = await send(api.POST("/api/v1/dead-letters/discard", { body }));
  return { done: slice.discarded, skipped: 0, remaining: slice.remaining };
}
