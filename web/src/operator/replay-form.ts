import type { components } from "../api/schema.d.ts";
import { EVENT_TYPES } from "./event-types.ts";
import { toUtc } from "./times.ts";

export type NewReplay = components["schemas"]["NewReplay"];
export type Replay = components["schemas"]["Replay"];
export type Mode = Replay["mode"];

export const MODES: readonly (readonly [Mode, string])[] = [
  ["resubmit", "Resubmit: run the programs again"],
  ["reemit", "Re-emit: deliver the events to a topic"],
  ["rebuild", "Rebuild: write rows into a database"],
];

/** The ids in a text, which anything but letters and digits may separate. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(/[^0-9A-Za-z]+/).filter(Boolean))];
}

/** The request of the form. What the mode doesn't take is not sent. */
export function replayOf(form: FormData, dryRun: boolean): NewReplay {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const mode = text("mode") as Mode;
  return {
    mode,
    from: toUtc(text("from")) || null,
    to: toUtc(text("to")) || null,
    types:
      mode === "rebuild" ? [] : EVENT_TYPES.filter((type) => form.getAll("types").includes(type)),
    executions: idsOf(text("executions")),
    target: mode === "resubmit" ? null : text("target") || null,
    dry_run: dryRun,
  };
}

export function hasEnded({ status }: { status: string }): boolean {
  return status !== "pending" && status !== "running";
}
