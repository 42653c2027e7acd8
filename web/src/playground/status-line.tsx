import { bytes, duration } from "../parts/format.ts";
import type { Position } from "./editor/mount.ts";
import { useForm } from "./form.ts";
import { nameOf } from "./languages.ts";
import type { Execution } from "./use-run.ts";

interface Props {
  position: Position;
  execution: Execution | null;
}

/** The language, where the cursor is, and what the last run took. */
export function StatusLine({ position, execution }: Props) {
  const { draft, language } = useForm();
  return (
    <footer class="playground-status">
      <span>
        {nameOf(language?.name ?? draft.language)} {language?.version}
      </span>
      <span>
        Line {position.line}, column {position.column}
      </span>
      <LastRun execution={execution} />
      <span class="playground-keys">
        <kbd>Ctrl+Enter</kbd> runs, <kbd>Esc</kbd> cancels; <kbd>Esc</kbd> then <kbd>Tab</kbd>{" "}
        leaves the editor
      </span>
    </footer>
  );
}

function LastRun({ execution }: { execution: Execution | null }) {
  const result = execution?.result;
  if (!result) return null;
  const { wall_ms, memory_peak_kib } = result;
  const parts = [
    wall_ms != null && duration(wall_ms),
    memory_peak_kib != null && bytes(memory_peak_kib * 1024),
  ].filter(Boolean);
  return parts.length > 0 ? <span>Last run: {parts.join(", ")}</span> : null;
}
