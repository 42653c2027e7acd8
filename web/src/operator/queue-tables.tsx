import type { components } from "../api/schema.d.ts";
import { words } from "../parts/badge.tsx";
import { count } from "../parts/format.ts";
import { Empty } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Cut } from "./cut.tsx";
import { optionalAge } from "./figures.ts";
import { executionsOf } from "./links.ts";

type Queue = components["schemas"]["Queue"];
type Band = { priority: string; queued: number; working: number; oldest: number | undefined };

/** What waits, by priority and by owner. */
export function QueueTables({ queue }: { queue: Queue }) {
  return (
    <section class="operator-section operator-pair" aria-label="Queue">
      <div>
        <h2>Queue by priority</h2>
        <Table
          caption="Queue by priority"
          items={bandsOf(queue)}
          keyOf={(band) => band.priority}
          columns={[
            { title: "Priority", cell: (band) => words(band.priority) },
            {
              title: "Queued",
              isNumber: true,
              cell: ({ priority, queued }) => (
                <a href={executionsOf({ priority, state: "queued" })}>{count(queued)}</a>
              ),
            },
            { title: "Oldest", isNumber: true, cell: (band) => optionalAge(band.oldest) },
            { title: "Admitted or later", isNumber: true, cell: (band) => count(band.working) },
          ]}
        />
      </div>
      <div>
        <h2>Longest queues of owners</h2>
        <Owners owners={queue.owners} />
      </div>
    </section>
  );
}

function Owners({ owners }: { owners: Queue["owners"] }) {
  if (owners === null) return <Empty title="Not known while Redis is unavailable" />;
  if (owners.length === 0) return <Empty title="Nothing is queued" />;
  return (
    <Table
      caption="Longest queues of owners"
      items={owners}
      keyOf={(each) => each.owner}
      columns={[
        { title: "Owner", isWide: true, cell: (each) => <Cut text={each.owner} isWide /> },
        {
          title: "Queued",
          isNumber: true,
          cell: ({ owner, queued }) => (
            <a href={executionsOf({ owner, state: "queued" })}>{count(queued)}</a>
          ),
        },
        { title: "Oldest", isNumber: true, cell: (each) => optionalAge(each.oldest_seconds) },
      ]}
    />
  );
}

/** Each priority, with the states that come after `queued` counted together. */
export function bandsOf(queue: Queue): Band[] {
  const { queued = {}, ...later } = queue.counts;
  return Object.entries(queued).map(([priority, waiting]) => ({
    priority,
    queued: waiting,
    working: Object.values(later).reduce(
      (sum, each) => sum + (each?.[priority as "normal"] ?? 0),
      0,
    ),
    oldest: queue.oldest_by_priority[priority as "normal"],
  }));
}
