import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { count } from "../parts/format.ts";
import { Empty, Shown } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Age } from "../parts/time.tsx";
import { go } from "../shell/router.ts";
import { Cut } from "./cut.tsx";
import { Head } from "./head.tsx";
import { More } from "./more.tsx";
import { NewReplayForm } from "./new-replay.tsx";
import { ReplayBadge } from "./replay-badge.tsx";
import type { Replay } from "./replay-form.ts";
import { totalOf } from "./series.ts";
import { usePages } from "./use-pages.ts";

const EVERY = 3_000;

/** What was done again from the event log, and a form to do more. */
export default function ReplaysPage() {
  const pages = usePages(
    (cursor, signal) => {
      const query = cursor ? { cursor } : {};
      return send(api.GET("/api/v1/replays", { params: { query }, signal }));
    },
    [],
    { every: EVERY },
  );
  return (
    <>
      <Head title="Replays" loaded={pages} />
      <NewReplayForm onStarted={pages.reload} />
      <Shown loaded={pages} what="Loading the replays">
        {({ items, hasMore }) => (
          <>
            <List replays={items} />
            <More hasMore={hasMore} onMore={pages.more} />
          </>
        )}
      </Shown>
    </>
  );
}

function List({ replays }: { replays: readonly Replay[] }) {
  if (replays.length === 0) return <Empty title="There are no replays yet" />;
  return (
    <Table
      caption="Replays"
      items={replays}
      keyOf={(replay) => replay.id}
      onOpen={(replay) => go(`/replays/${replay.id}`)}
      columns={[
        {
          title: "ID",
          cell: ({ id }) => (
            <a href={`/replays/${id}`}>
              <code>{id}</code>
            </a>
          ),
        },
        { title: "Mode", cell: (replay) => words(replay.mode) },
        {
          title: "Status",
          cell: (each) => <ReplayBadge status={each.status} isDryRun={each.dry_run} />,
        },
        { title: "Matched", isNumber: true, cell: (replay) => count(totalOf(replay.matched)) },
        { title: "Done", isNumber: true, cell: (replay) => count(replay.done) },
        { title: "Skipped", isNumber: true, cell: (replay) => count(totalOf(replay.skipped)) },
        { title: "Requested by", cell: (replay) => <Cut text={replay.requested_by} /> },
        { title: "Created", isWide: true, cell: (replay) => <Age of={replay.created_at} /> },
      ]}
    />
  );
}
