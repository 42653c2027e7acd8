import { setQuery } from "../shell/router.ts";

/** How much of the past is shown: in steps of so many minutes, asked for every so many milliseconds. */
export const PERIODS = {
  hour: { minutes: 60, step: 1, every: 5_000 },
  day: { minutes: 1440, step: 10, every: 20_000 },
} as const;

export type PeriodName = keyof typeof PERIODS;

export function periodOf(query: URLSearchParams): PeriodName {
  return query.get("period") === "day" ? "day" : "hour";
}

/** The choice between them. */
export function Period({ chosen, query }: { chosen: PeriodName; query: URLSearchParams }) {
  const choose = (period: string) => {
    const changed = new URLSearchParams(query);
    changed.set("period", period);
    setQuery(changed);
  };
  return (
    <fieldset class="segments">
      <legend class="unseen">Period</legend>
      {Object.keys(PERIODS).map((period) => (
        <label key={period}>
          <input
            type="radio"
            name="period"
            checked={period === chosen}
            onChange={() => choose(period)}
          />
          Last {period}
        </label>
      ))}
    </fieldset>
  );
}
