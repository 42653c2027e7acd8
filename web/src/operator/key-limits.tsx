import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import type { components } from "../api/schema.d.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { toast } from "../parts/toast.tsx";
import { otherProblems, problemsByField } from "./field-problems.ts";
import { limitsOf } from "./key-form.ts";

type Key = components["schemas"]["Key"];

export const LIMIT_LABELS = {
  max_unfinished: "Unfinished executions",
  cpu_day: "CPU seconds per day",
  requests: "Requests",
};

interface FieldsProps {
  /** What is wrong with each. */
  wrong: Readonly<Record<string, string>>;
  /** Those that it has. */
  of?: Key;
}

/** The limits of a key, in a form. */
export function LimitFields({ wrong, of }: FieldsProps) {
  return (
    <fieldset class="operator-limits">
      <legend>Limits</legend>
      <p class="hint">Leave a limit empty to use that of the service.</p>
      <div class="operator-row">
        <Field
          label={LIMIT_LABELS.max_unfinished}
          name="max_unfinished"
          type="number"
          min={1}
          defaultValue={of?.max_unfinished ?? ""}
          problem={wrong.max_unfinished}
        />
        <Field
          label={LIMIT_LABELS.cpu_day}
          name="cpu_day"
          type="number"
          min={0}
          step="any"
          defaultValue={of?.cpu_day ?? ""}
          problem={wrong.cpu_day}
        />
        <Field
          label={LIMIT_LABELS.requests}
          name="requests"
          autocomplete="off"
          hint="Such as 10/s or 1000/h."
          defaultValue={of?.requests ?? ""}
          problem={wrong.requests}
        />
      </div>
    </fieldset>
  );
}

interface Props {
  of: Key;
  onClose: () => void;
  onDone: () => void;
}

/** A form that changes the limits of a key. */
export function KeyLimits({ of, onClose, onDone }: Props) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const body = limitsOf((name) => String(form.get(name) ?? "").trim());
      const path = { params: { path: { key_id: of.id } }, body };
      await send(api.PATCH("/api/v1/keys/{key_id}", path));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return setProblem(error);
    }
    toast(`The limits of ${of.name} were changed.`);
    onDone();
    onClose();
  };
  return (
    <Dialog title={`Limits of ${of.name}`} onClose={onClose}>
      <form class="operator-form" onSubmit={submit}>
        <LimitFields wrong={problemsByField(problem, LIMIT_LABELS)} of={of} />
        <p class="hint">
          They hold for this key from its next request. Executions that it has submitted continue.
        </p>
        <p class="field-problem" role="alert">
          {otherProblems(problem, LIMIT_LABELS)}
        </p>
        <div class="dialog-buttons">
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary">
            Change
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
