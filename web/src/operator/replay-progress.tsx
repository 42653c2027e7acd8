import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { count } from "../parts/format.ts";
import { Shown } from "../parts/states.tsx";
import { Age } from "../parts/time.tsx";
import { toast } from "../parts/toast.tsx";
import { type Loaded, useLoaded } from "../parts/use-loaded.ts";
import { nameOf } from "./event-types.ts";
import { Facts } from "./facts.tsx";
import { executionAt } from "./links.ts";
import { ReplayBadge } from "./replay-badge.tsx";
import { type Replay, hasEnded } from "./replay-form.ts";

const EVERY = 1_000;

/** One replay, asked for until it has ended. */
export function useReplay(id: string): Loaded<Replay> {
  const [isOver, setOver] = useState(false);
  return useLoaded(
    async (signal) => {
      const path = { replay_id: id };
      const replay = await send(
        api.GET("/api/v1/replays/{replay_id}", { params: { path }, signal }),
      );
      setOver(hasEnded(replay));
      return replay;
    },
    [id],
    isOver ? {} : { every: EVERY },
  );
}

/** How far a replay has come, and a button that cancels it. */
export function Progress({ id }: { id: string }) {
  const loaded = useReplay(id);
  const cancel = async () => {
    const path = { params: { path: { replay_id: id } } };
    try {
      await send(api.POST("/api/v1/replays/{replay_id}/cancel", path));
    } catch (error) {
      toast((error as Error).message, { isProblem: true });
    }
    loaded.reload();
  };
  return (
    <Shown loaded={loaded} what="Loading the replay">
      {(replay) => (
        <div class="operator-section" aria-live="polite">
          <Counts replay={replay} />
          {!hasEnded(replay) && (
            <p>
              <Button look="danger" onClick={cancel}>
                Cancel the replay
              </Button>
            </p>
          )}
        </div>
      )}
    </Shown>
  );
}

function Counts({ replay }: { replay: Replay }) {
  const verb = replay.dry_run ? "Would do" : "Done";
  return (
    <Facts
      items={[
        ["Status", <ReplayBadge status={replay.status} isDryRun={replay.dry_run} />],
        ["Matched events", listed(replay.matched, (type) => words(nameOf(type))) || "none"],
        [verb, count(replay.done)],
        ["Skipped", listed(replay.skipped, words)],
        ["Error", replay.error],
        ["Mode", words(replay.mode)],
        ["Target", replay.target && <code>{replay.target}</code>],
        ["From", replay.from],
        ["Until", replay.to],
        ["Events", replay.types.map((type) => words(nameOf(type))).join(", ")],
        ["Executions", replay.executions.length > 0 && <Executions ids={replay.executions} />],
        ["Requested by", <bdi>{replay.requested_by}</bdi>],
        ["Created", <Age of={replay.created_at} />],
        ["Ended", replay.ended_at && <Age of={replay.ended_at} />],
      ]}
    />
  );
}

function Executions({ ids }: { ids: readonly string[] }) {
  return (
    <>
      {ids.map((id) => (
        <>
          <a key={id} href={executionAt(id)}>
            <code>{id}</code>
          </a>{" "}
        </>
      ))}
    </>
  );
}

function listed(counts: Readonly<Record<string, number>>, name: (key: string) => string): string {
  return Object.entries(counts)
    .map(([key, value]) => `${name(key)} ${count(value)}`)
    .join(", ");
}
