import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { duration } from "../parts/format.ts";
import { NOTHING, rate } from "./figures.ts";
import { type Drawn, dataOf, plot } from "./plot.ts";
import type { Values } from "./series.ts";
import { clock } from "./times.ts";

export interface Line {
  label: string;
  /** The class of its colour. */
  look: string;
  values: Values;
}

export interface ChartProps extends Drawn {
  title: string;
  lines: readonly Line[];
}

/** A chart, with its figures as a table for everybody who sees no chart. */
export function Chart(props: ChartProps) {
  const { title, starts, lines, unit } = props;
  const [index, setIndex] = useState<number | null>(null);
  const at = index === null ? undefined : starts[index];
  return (
    <figure class="operator-chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="operator-chart-at">
          {at !== undefined && clock(new Date(at * 1000).toISOString())}
        </span>
      </figcaption>
      <ul class="operator-legend">
        {lines.map((line) => (
          <li key={line.label}>
            <span class={`operator-swatch ${line.look}`} />
            {line.label}
            {index !== null && ` ${textOf(line.values[index], unit)}`}
          </li>
        ))}
      </ul>
      <Drawing {...props} onPoint={setIndex} />
      <AsTable {...props} />
    </figure>
  );
}

function Drawing({ onPoint, ...props }: ChartProps & { onPoint: (index: number | null) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const shape = [props.kind, props.unit, ...props.lines.map((line) => line.look)].join();
  const theme = useTheme();
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let isGone = false;
    let stop = () => {};
    const element = place.current;
    if (!element) return;
    void plot(element, latest.current, onPoint).then(({ chart, end }) => {
      stop = end;
      if (isGone) return end();
      drawn.current = chart;
      chart.setData(dataOf(latest.current));
    });
    return () => {
      isGone = true;
      drawn.current = null;
      stop();
    };
  }, [shape, theme]);

  useEffect(() => {
    drawn.current?.setData(dataOf(props));
  }, [props.starts, props.lines]);

  return <div ref={place} class="operator-drawing" aria-hidden="true" />;
}

/** Changes whenever the colours do. */
function useTheme(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = () => setTurn((last) => last + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    const switched = new MutationObserver(changed);
    switched.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    system.addEventListener("change", changed);
    return () => {
      switched.disconnect();
      system.removeEventListener("change", changed);
    };
  }, []);
  return turn;
}

function AsTable({ title, starts, lines, unit }: ChartProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="operator-as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Show as a table<span class="unseen">: {title}</span>
      </summary>
      {isOpen && (
        <div class="table-frame operator-scrolls" role="region" aria-label={title} tabIndex={0}>
          <table class="table">
            <caption class="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">From</th>
                {lines.map((line) => (
                  <th key={line.label} scope="col" class="is-number">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {starts.map((start, index) => (
                <tr key={start}>
                  <th scope="row">
                    {clock(new Date(start * 1000).toISOString())}
                    {index === starts.length - 1 && " (so far)"}
                  </th>
                  {lines.map((line) => (
                    <td key={line.label} class="is-number">
                      {textOf(line.values[index], unit)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function textOf(value: number | null | undefined, unit: ChartProps["unit"]): string {
  if (value == null) return NOTHING;
  return unit === "duration" ? duration(value) : rate(value);
}
