import type { components } from "../api/schema.d.ts";
import { age, count, counted } from "../parts/format.ts";
import { NOTHING, countedUpTo } from "./figures.ts";
import { addressOf, executionsOf } from "./links.ts";
import { totalOf } from "./series.ts";
import { Tile, Tiles } from "./tile.tsx";

type Overview = components["schemas"]["Overview"];
type Workers = components["schemas"]["Workers"];

const MOST_NOT_IN_LOG = 10_000;
const SLOW_LOG_SECONDS = 60;

/** What is the case now. */
export function NowTiles({ overview, workers }: { overview: Overview; workers: Workers }) {
  const { queue, dead_letters: letters } = overview;
  const { slots, events_not_in_log: log } = queue;
  const queued = totalOf(queue.counts.queued ?? {});
  const waiting = letters.waiting ?? 0;
  const failing = waiting + (letters.retrying ?? 0);
  const archived = letters.archived ?? 0;
  return (
    <Tiles title="Now">
      <Tile label="Queued" value={count(queued)} href={executionsOf({ state: "queued" })}>
        {queue.oldest_queued_seconds !== null &&
          `the oldest for ${age(queue.oldest_queued_seconds)}`}
      </Tile>
      <Tile
        label="Slots in use"
        value={slots.used === null ? NOTHING : `${count(slots.used)} of ${count(slots.total)}`}
        href={executionsOf({ state: "running" })}
      >
        {slots.free !== null && `${count(slots.free)} free`}
      </Tile>
      <Tile
        label="Not in the event log"
        value={countedUpTo(log.executions, MOST_NOT_IN_LOG)}
        href="/events"
        isAlarming={(log.oldest_seconds ?? 0) > SLOW_LOG_SECONDS}
      >
        {log.oldest_seconds !== null && `${age(log.oldest_seconds)} behind`}
      </Tile>
      <Tile
        label="Dead letters"
        value={count(failing)}
        href={addressOf("/dead-letters", {
          status: failing === 0 ? null : waiting > 0 ? "waiting" : "retrying",
        })}
        isAlarming={failing > 0}
      >
        {archived > 0 && (
          <a href={addressOf("/dead-letters", { status: "archived" })}>
            {count(archived)} archived
          </a>
        )}
      </Tile>
      <WorkerTiles workers={workers} />
    </Tiles>
  );
}

function WorkerTiles({ workers: { items, places } }: { workers: Workers }) {
  const steps = items.reduce((sum, each) => sum + each.steps.length, 0);
  const available = places.filter((place) => place.languages !== null).length;
  return (
    <>
      <Tile
        label="Workers"
        value={count(items.filter((each) => each.kind === "worker").length)}
        href="/workers"
        isAlarming={items.length === 0}
      >
        {counted(steps, "running step")}
      </Tile>
      <Tile
        label="Places available"
        value={`${count(available)} of ${count(places.length)}`}
        href="/workers"
        isAlarming={available < places.length}
      >
        where programs run
      </Tile>
    </>
  );
}
