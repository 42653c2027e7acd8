import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { Shown } from "../parts/states.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import type { PageProps } from "../shell/page-props.ts";
import { Charts } from "./charts.tsx";
import { Head } from "./head.tsx";
import { NowTiles } from "./now-tiles.tsx";
import { PERIODS, Period, periodOf } from "./period.tsx";
import { PeriodTiles } from "./period-tiles.tsx";
import { QueueTables } from "./queue-tables.tsx";

/** How much the service does, and how well. */
export default function OverviewPage({ query }: PageProps) {
  const period = periodOf(query);
  const { minutes, step, every } = PERIODS[period];
  const loaded = useLoaded(
    async (signal) => {
      const [overview, workers] = await Promise.all([
        send(api.GET("/api/v1/overview", { params: { query: { minutes, step } }, signal })),
        send(api.GET("/api/v1/workers", { signal })),
      ]);
      return { overview, workers };
    },
    [period],
    { every },
  );
  return (
    <>
      <Head title="Overview" loaded={loaded}>
        <Period chosen={period} query={query} />
      </Head>
      <Shown loaded={loaded} what="Loading the overview">
        {({ overview, workers }) => (
          <>
            <NowTiles overview={overview} workers={workers} />
            <PeriodTiles title={words(`last_${period}`)} total={overview.total} />
            <Charts minutes={overview.minutes} step={step} />
            <QueueTables queue={overview.queue} />
          </>
        )}
      </Shown>
    </>
  );
}
