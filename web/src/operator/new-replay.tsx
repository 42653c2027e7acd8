import { useRef, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Field, FieldFrame, Select } from "../parts/field.tsx";
import { toast } from "../parts/toast.tsx";
import { EVENT_TYPES, nameOf } from "./event-types.ts";
import { otherProblems, problemsByField } from "./field-problems.ts";
import { MODES, type Mode, type NewReplay, replayOf } from "./replay-form.ts";
import { Progress } from "./replay-progress.tsx";

const LABELS = {
  mode: "Mode",
  from: "From",
  to: "Until",
  types: "Events",
  executions: "Executions",
  target: "Target",
};
const TARGET: Partial<Record<Mode, string>> = {
  reemit: "The topic that the events are delivered to.",
  rebuild: "sqlite:///name.db in the service's folder for replays, or mongodb://host/database.",
};

/** Starts a replay, after a dry run of the same. */
export function NewReplayForm({ onStarted }: { onStarted: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [mode, setMode] = useState<Mode>("resubmit");
  const [tried, setTried] = useState<{ id: string; request: NewReplay } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isAsking, setAsking] = useState(false);
  const wrong = problemsByField(problem, LABELS);
  const takes: Record<string, boolean> = {
    types: mode !== "rebuild",
    target: mode !== "resubmit",
  };
  const shown = Object.keys(LABELS).filter((name) => takes[name] ?? true);

  const start = async (request: NewReplay) => {
    setProblem(null);
    const { id } = await send(api.POST("/api/v1/replays", { body: request }));
    onStarted();
    return id;
  };
  const tryIt = async (event: SubmitEvent) => {
    event.preventDefault();
    const request = replayOf(new FormData(event.currentTarget as HTMLFormElement), true);
    try {
      setTried({ id: await start(request), request });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  const confirm = async () => {
    if (!tried) return;
    await start({ ...tried.request, dry_run: false });
    setTried(null);
    toast("The replay has started.");
  };

  return (
    <details class="operator-section">
      <summary>New replay</summary>
      <form
        ref={form}
        class="operator-form operator-box"
        onSubmit={tryIt}
        onInput={() => setTried(null)}
      >
        <div class="operator-row">
          <Select
            label="Mode"
            name="mode"
            value={mode}
            options={MODES}
            problem={wrong.mode}
            onChange={(event) => setMode((event.currentTarget as HTMLSelectElement).value as Mode)}
          />
          <Field label="From" name="from" type="datetime-local" step="1" problem={wrong.from} />
          <Field label="Until" name="to" type="datetime-local" step="1" problem={wrong.to} />
        </div>
        {takes.target && (
          <Field
            label="Target"
            name="target"
            autocomplete="off"
            spellcheck={false}
            hint={TARGET[mode]}
            problem={wrong.target}
          />
        )}
        {takes.types && <Types problem={wrong.types} />}
        <FieldFrame
          label="Executions"
          hint="Ids, with spaces or line breaks between them. Leave it empty for all executions."
          problem={wrong.executions}
        >
          {(attributes) => (
            <textarea {...attributes} name="executions" rows={2} spellcheck={false} />
          )}
        </FieldFrame>
        <p class="field-problem" role="alert">
          {otherProblems(problem, LABELS, shown)}
        </p>
        <div class="operator-actions">
          <Button type="submit" look={tried ? "normal" : "primary"}>
            Dry run
          </Button>
          <Button
            look={tried ? "primary" : "normal"}
            disabled={!tried}
            onClick={() => setAsking(true)}
          >
            Start the replay…
          </Button>
          {!tried && <span class="hint">Begin with a dry run: it only counts.</span>}
        </div>
        {tried && <Progress key={tried.id} id={tried.id} />}
      </form>
      {isAsking && tried && (
        <Confirm
          title={`${words(tried.request.mode)} what the dry run has counted`}
          verb="Start"
          isDangerous={tried.request.mode === "resubmit"}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        >
          <p>What a replay has done stays done, also if it is cancelled.</p>
        </Confirm>
      )}
    </details>
  );
}

function Types({ problem }: { problem: string | undefined }) {
  return (
    <fieldset class="operator-choice">
      <legend>Events</legend>
      {EVENT_TYPES.map((type) => (
        <label key={type}>
          <input type="checkbox" name="types" value={type} />
          {words(nameOf(type))}
        </label>
      ))}
      <p class="hint">Select none for events of all types.</p>
      <p class="field-problem" role="alert">
        {problem}
      </p>
    </fieldset>
  );
}
