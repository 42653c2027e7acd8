/** Draws charts. Only this module loads uPlot, once a chart is shown. */
import type uPlot from "uplot";
import { duration } from "../parts/format.ts";
import { rate } from "./figures.ts";
import { type Values, isolated, stacked } from "./series.ts";
import { timeOfDay } from "./times.ts";

/** What a chart shows. */
export interface Drawn {
  /** In seconds since the epoch. */
  starts: readonly number[];
  lines: readonly { look: string; values: Values }[];
  /** Bars are stacked: the lines are parts of a whole. */
  kind: "bars" | "lines";
  unit: "rate" | "duration" | "count";
}

const HEIGHT = 180;
const AXIS_WIDTH = 64;
const TIMES_HEIGHT = 32;
/** Where the axis ends if there is nothing to show. */
const EMPTY = { rate: 1, count: 1, duration: 100 } as const;

/** Steps of the axis of what comes in wholes: 1, 2, 5, 10, … */
const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

/** The columns of a chart. Bars are drawn over each other, so the highest come first. */
export function dataOf({ starts, lines, kind }: Drawn): uPlot.AlignedData {
  const values = lines.map((line) => line.values);
  const columns = kind === "bars" ? stacked(values).reverse() : values;
  return [[...starts], ...columns];
}

/** Draw a chart in an element. `end` removes it. */
export async function plot(
  element: HTMLElement,
  drawn: Drawn,
  onPoint: (index: number | null) => void,
): Promise<{ chart: uPlot; end: () => void }> {
  const UPlot = await library();
  const chart = new UPlot(options(UPlot, element, drawn, onPoint), dataOf(drawn), element);
  const resized = new ResizeObserver(() =>
    chart.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }),
  );
  resized.observe(element);
  const end = () => {
    resized.disconnect();
    chart.destroy();
  };
  return { chart, end };
}

const PAUSE_MS = 2000;

/** Load the library, again until it arrives: the API may be down when a chart is first shown. */
async function library(): Promise<typeof uPlot> {
  for (;;) {
    try {
      return (await import("uplot")).default;
    } catch {
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

function options(
  UPlot: typeof uPlot,
  element: HTMLElement,
  { lines, kind, unit }: Drawn,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const text = colourOf(element, "operator-ink");
  const grid = { stroke: colourOf(element, "operator-grid"), width: 1 };
  const axis = { stroke: text, grid, ticks: grid };
  const times = (_: uPlot, splits: number[]) => splits.map((at) => timeOfDay(at));
  const look = (line: { look: string }): uPlot.Series => {
    const colour = colourOf(element, line.look);
    const bars = UPlot.paths.bars?.({ size: [0.7, 24] });
    return kind === "bars" && bars
      ? { fill: colour, width: 0, points: { show: false }, paths: bars }
      : {
          stroke: colour,
          width: 1.5,
          spanGaps: false,
          points: { show: true, size: 5, fill: colour, filter },
        };
  };
  const filter = (self: uPlot, index: number) => isolated(self.data[index] ?? []);
  const series = lines.map(look);
  const label = (value: number) => (value && unit === "duration" ? duration(value) : rate(value));
  const values = (_: uPlot, splits: number[]) => splits.map(label);
  return {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    scales: {
      x: { range: (self, least, most) => widened(self.data[0], least, most) },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : EMPTY[unit]] },
    },
    axes: [
      { ...axis, values: times, size: TIMES_HEIGHT },
      { ...axis, values, size: AXIS_WIDTH, ...(unit === "count" ? { incrs: WHOLE_STEPS } : {}) },
    ],
    series: [{}, ...(kind === "bars" ? series.reverse() : series)],
    hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? null)] },
  };
}

/** Half a part more on each side, so that the outer bars are whole. */
function widened(starts: ArrayLike<number>, least: number, most: number): [number, number] {
  const half = starts.length > 1 ? ((starts[1] ?? 0) - (starts[0] ?? 0)) / 2 : 30;
  return [least - half, most + half];
}

/** The colour that a class has: a canvas can't read custom properties. */
function colourOf(element: HTMLElement, look: string): string {
  const probe = document.createElement("span");
  probe.className = look;
  element.append(probe);
  const { backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return backgroundColor;
}
