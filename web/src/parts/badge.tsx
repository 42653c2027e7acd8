import { Icon, type IconName } from "./icon.tsx";

type Tone = "good" | "bad" | "warn" | "busy" | "idle";

const LOOKS: Record<string, readonly [Tone, IconName]> = {
  queued: ["idle", "clock"],
  admitted: ["busy", "dots"],
  starting: ["busy", "dots"],
  running: ["busy", "play"],
  finished: ["busy", "dots"],
  completed: ["good", "check"],
  failed: ["bad", "alert"],
  cancelled: ["idle", "stop"],
  success: ["good", "check"],
  wrong_output: ["bad", "differs"],
  compile_error: ["bad", "cross"],
  runtime_error: ["bad", "cross"],
  checker_error: ["warn", "alert"],
  output_limit: ["warn", "limit"],
  time_limit: ["warn", "limit"],
  memory_limit: ["warn", "limit"],
  skipped: ["idle", "skip"],
};

/** A word of the API in a person's spelling: `wrong_output` is "Wrong output". */
export function words(name: string): string {
  const spaced = name.replaceAll("_", " ").replaceAll("-", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The tone of a state or an outcome; one that this page doesn't know is idle. */
export function toneOf(name: string): Tone {
  return LOOKS[name]?.[0] ?? "idle";
}

/** A state or an outcome, with a colour, an icon and its word. */
export function Badge({ name }: { name: string }) {
  const [tone, icon] = LOOKS[name] ?? ["idle", "dots"];
  return (
    <span class={`badge badge-${tone}`}>
      <Icon name={icon} />
      {words(name)}
    </span>
  );
}

/** An execution's outcome once it has one, otherwise its state. */
export function StateBadge({ state, outcome }: { state: string; outcome?: string | null }) {
  return <Badge name={state === "completed" && outcome ? outcome : state} />;
}
