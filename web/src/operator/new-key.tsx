import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field, Select } from "../parts/field.tsx";
import { otherProblems, problemsByField } from "./field-problems.ts";
import { bodyOf } from "./key-form.ts";
import { LIMIT_LABELS, LimitFields } from "./key-limits.tsx";
import type { Secrets } from "./shown-once.tsx";

const ROLES = ["user", "operator", "admin"] as const;
const DOORS = [
  ["", "The API and all doors"],
  ["piston", "Only the door piston"],
  ["sandboxfusion", "Only the door sandboxfusion"],
  ["judge0", "Only the door judge0"],
  ["tools", "Only the door tools"],
] as const;
const LABELS = {
  name: "Name",
  role: "Role",
  door: "Opens",
  ...LIMIT_LABELS,
};

interface Props {
  onCreated: (secrets: Secrets) => void;
  onClose: () => void;
}

/** A form that creates a key. */
export function NewKey({ onCreated, onClose }: Props) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const wrong = problemsByField(problem, LABELS);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const body = bodyOf((name) => String(form.get(name) ?? "").trim());
      const { name, key, callback_secret } = await send(api.POST("/api/v1/keys", { body }));
      onCreated({ name, key, callback: callback_secret });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <Dialog title="Create a key" onClose={onClose}>
      <form class="operator-form" onSubmit={submit}>
        <Field
          label="Name"
          name="name"
          required
          autocomplete="off"
          spellcheck={false}
          hint="The owner of what is submitted with it. Keys of the same name share an owner."
          problem={wrong.name}
        />
        <div class="operator-row">
          <Select label="Role" name="role" options={ROLES} problem={wrong.role} />
          <Select label="Opens" name="door" options={DOORS} problem={wrong.door} />
        </div>
        <LimitFields wrong={wrong} />
        <p class="field-problem" role="alert">
          {otherProblems(problem, LABELS)}
        </p>
        <div class="dialog-buttons">
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary" disabled={isBusy}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
