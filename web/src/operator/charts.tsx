import { useMemo } from "preact/hooks";
import { words } from "../parts/badge.tsx";
import { Chart, type Line } from "./chart.tsx";
import { type Minute, type Series, seriesOf } from "./series.ts";

/** The last hour or day, drawn. */
export function Charts({ minutes, step }: { minutes: readonly Minute[]; step: number }) {
  const series = useMemo(() => seriesOf(minutes, step), [minutes, step]);
  const ends = useMemo(() => series.ends.map(endLine), [series]);
  const waiting = useMemo(() => percentileLines(series.waiting), [series]);
  const running = useMemo(() => percentileLines(series.running), [series]);
  const queued = useMemo(
    () => [{ label: "Queued", look: "operator-line-1", values: series.queued }],
    [series],
  );
  const { starts } = series;
  return (
    <section class="operator-section" aria-label="Charts">
      <h2>By minute</h2>
      <div class="operator-charts">
        <Chart title="Executions per minute" starts={starts} lines={ends} kind="bars" unit="rate" />
        <Chart title="Queued" starts={starts} lines={queued} kind="lines" unit="count" />
        <Chart title="Waiting" starts={starts} lines={waiting} kind="lines" unit="duration" />
        <Chart title="Running" starts={starts} lines={running} kind="lines" unit="duration" />
      </div>
    </section>
  );
}

function endLine({ name, perMinute }: Series["ends"][number]): Line {
  return { label: words(name), look: `operator-end-${name}`, values: perMinute };
}

function percentileLines({ p50, p95 }: Series["waiting"]): Line[] {
  return [
    { label: "Median", look: "operator-line-1", values: p50 },
    { label: "95th percentile", look: "operator-line-2", values: p95 },
  ];
}
