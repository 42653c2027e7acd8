import { bytes, duration } from "../parts/format.ts";
import type { Execution } from "./followed.ts";

/** One measurement, and what it was limited to, in the same unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly show: (value: number) => string;
}

/** What the program used, next to its limits. With tests, limits are of each: the most of any. */
export function figuresOf({ result, limits }: Execution): Figure[] {
  if (result === null) return [];
  const each = result.tests ?? [result];
  const most = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  const figures: [string, number | null, number, (value: number) => string][] = [
    ["Wall time", most(each.map((run) => run.wall_ms)), limits.wall_seconds * 1000, duration],
    ["CPU time", most(each.map((run) => run.cpu_ms)), limits.cpu_seconds * 1000, duration],
    [
      "Memory",
      most(each.map((run) => run.memory_peak_kib)),
      limits.memory_mib * 1024,
      (kib) => bytes(kib * 1024),
    ],
    ["stdout", most(each.map((run) => run.stdout_bytes)), limits.output_kib * 1024, bytes],
    ["stderr", most(each.map((run) => run.stderr_bytes)), limits.output_kib * 1024, bytes],
  ];
  return figures.flatMap(([name, value, limit, show]) =>
    value === null ? [] : [{ name, value, limit, show }],
  );
}

/** Time and memory as bars against their limits. */
export function Figures({ execution }: { execution: Execution }) {
  const figures = figuresOf(execution);
  if (figures.length === 0) return null;
  const ofTests = execution.result?.tests != null;
  return (
    <dl
      class="execution-figures"
      aria-label={ofTests ? "The most that any test used" : "What the program used"}
    >
      {figures.map((figure) => (
        <Bar key={figure.name} {...figure} />
      ))}
    </dl>
  );
}

function Bar({ name, value, limit, show }: Figure) {
  const share = Math.min(value / limit, 1);
  const text = `${show(value)} of ${show(limit)}`;
  return (
    <div class="execution-figure">
      <dt>{name}</dt>
      <dd>
        <span class="execution-bar" aria-hidden="true">
          <span class={share > 0.9 ? "is-full" : undefined} style={{ width: `${share * 100}%` }} />
        </span>
        {text}
      </dd>
    </div>
  );
}
