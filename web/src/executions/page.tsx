import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Empty, Shown } from "../parts/states.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Age } from "../parts/time.tsx";
import { useLoaded } from "../parts/use-loaded.ts";

type Execution = components["schemas"]["ExecutionPage"]["items"][number];

const COLUMNS: readonly Column<Execution>[] = [
  { title: "Id", cell: (each) => <code>{each.id}</code> },
  { title: "State", cell: (each) => <StateBadge state={each.state} outcome={each.outcome ?? null} /> },
  { title: "Language", cell: (each) => each.language },
  { title: "Created", cell: (each) => <Age of={each.created_at} /> },
];

/** The caller's executions, newest first. */
export default function Executions() {
  const loaded = useLoaded((signal) => send(api.GET("/api/v1/executions", { signal })), []);
  return (
    <>
      <div class="page-head">
        <h1>Executions</h1>
      </div>
      <Shown loaded={loaded}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="There are no executions yet" />
          ) : (
            <Table caption="Executions" columns={COLUMNS} items={items} keyOf={(each) => each.id} />
          )
        }
      </Shown>
    </>
  );
}
