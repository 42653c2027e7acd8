import { words } from "../parts/badge.tsx";
import { count } from "../parts/format.ts";
import { percentile } from "./figures.ts";
import { executionsOf, executionsThatEnded } from "./links.ts";
import { type Minute, namesOf, totalOf } from "./series.ts";
import { Tile, Tiles } from "./tile.tsx";

/** What ended in the period. */
export function PeriodTiles({ title, total }: { title: string; total: Minute }) {
  const all = executionsOf({ from: total.start });
  return (
    <Tiles title={title}>
      <Tile label="Ended" value={count(totalOf(total.ended))} href={all} />
      {namesOf([total]).map((name) => (
        <Tile
          key={name}
          label={
            <>
              <span class={`operator-swatch operator-end-${name}`} /> {words(name)}
            </>
          }
          value={count(total.ended[name] ?? 0)}
          href={executionsThatEnded(name, total.start)}
        />
      ))}
      <Tile label="Waiting, median" value={percentile(total.waiting_ms, "p50")} href={all}>
        95 % up to {percentile(total.waiting_ms, "p95")}
      </Tile>
      <Tile label="Running, median" value={percentile(total.running_ms, "p50")} href={all}>
        95 % up to {percentile(total.running_ms, "p95")}
      </Tile>
    </Tiles>
  );
}
