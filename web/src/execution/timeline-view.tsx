import { duration } from "../parts/format.ts";
import { useNow } from "../parts/time.tsx";
import { type Execution, type Followed, isTerminal } from "./followed.ts";
import {
  type Attempt,
  type Phase,
  type PhaseName,
  attemptsOf,
  spanOf,
  ticksOf,
} from "./timeline.ts";

const NAMES: Record<PhaseName, string> = {
  queued: "Queued",
  created: "Created",
  running: "Running",
  persisted: "Persisted",
};
const PHASES = Object.keys(NAMES) as PhaseName[];
const ENDS: Record<string, string> = {
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  lost: "Lost",
};

/** The life of an execution: its attempts, one above the other, and how long each phase took. */
export function TimelineView({
  followed,
  execution,
}: {
  followed: Followed;
  execution: Execution;
}) {
  return isTerminal(execution) ? (
    <Drawn followed={followed} execution={execution} now={0} />
  ) : (
    <Growing followed={followed} execution={execution} />
  );
}

function Growing(props: { followed: Followed; execution: Execution }) {
  return <Drawn {...props} now={useNow()} />;
}

function Drawn({
  followed,
  execution,
  now,
}: {
  followed: Followed;
  execution: Execution;
  now: number;
}) {
  const ran = { started: time(execution.started_at), finished: time(execution.finished_at) };
  const attempts = attemptsOf(followed.changes, ran);
  if (attempts.length === 0) return null;
  const span = spanOf(attempts, now);
  return (
    <section class="execution-section" aria-labelledby="execution-timeline">
      <h2 id="execution-timeline">Timeline</h2>
      <div class="timeline" aria-hidden="true">
        {attempts.map((attempt) => (
          <div key={attempt.number} class="timeline-attempt">
            {attempt.phases.map((phase) => (
              <Bar key={phase.name} phase={phase} span={span} now={now} />
            ))}
          </div>
        ))}
        <Axis span={span} />
      </div>
      <Durations attempts={attempts} now={now} />
    </section>
  );
}

function time(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function Bar({ phase, span, now }: { phase: Phase; span: Span; now: number }) {
  const whole = span.to - span.from;
  const length = Math.max((phase.to ?? now) - phase.from, 0);
  const left = ((phase.from - span.from) / whole) * 100;
  return (
    <span
      class={`timeline-bar timeline-${phase.name}`}
      style={{ left: `${left}%`, width: `${(length / whole) * 100}%` }}
      title={`${NAMES[phase.name]}: ${duration(length)}`}
    />
  );
}

function Axis({ span }: { span: Span }) {
  const whole = span.to - span.from;
  return (
    <div class="timeline-axis">
      {ticksOf(whole).map((tick) => (
        <span key={tick} style={{ left: `${(tick / whole) * 100}%` }}>
          {tick === 0 ? "0" : duration(tick)}
        </span>
      ))}
    </div>
  );
}

function Durations({ attempts, now }: { attempts: readonly Attempt[]; now: number }) {
  return (
    <div class="table-frame" role="region" aria-label="Phases of each attempt" tabIndex={0}>
      <table class="table">
        <caption class="unseen">How long each phase of each attempt took</caption>
        <thead>
          <tr>
            <th scope="col">Attempt</th>
            {PHASES.map((name) => (
              <th key={name} scope="col">
                <span class={`timeline-key timeline-${name}`} aria-hidden="true" />
                {NAMES[name]}
              </th>
            ))}
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt) => (
            <tr key={attempt.number}>
              <th scope="row">{attempt.number}</th>
              {PHASES.map((name) => (
                <td key={name}>{lasted(attempt, name, now)}</td>
              ))}
              <td class="timeline-end">
                {attempt.end === null ? "" : ENDS[attempt.end]}
                {attempt.message && `: ${attempt.message}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function lasted({ phases }: Attempt, name: PhaseName, now: number): string {
  const phase = phases.find((each) => each.name === name);
  if (phase === undefined) return "";
  return `${duration(Math.max((phase.to ?? now) - phase.from, 0))}${phase.to === null ? "…" : ""}`;
}
