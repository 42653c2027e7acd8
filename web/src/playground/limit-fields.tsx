import { Field } from "../parts/field.tsx";
import { count } from "../parts/format.ts";
import { type Form, problemAt, useForm } from "./form.ts";
import { LIMIT_LABELS } from "./labels.ts";
import { LIMITS, type LimitName, type Limits } from "./model.ts";

/** A limit for everything. An empty one takes its default, which it shows. */
export function LimitFields() {
  const form = useForm();
  return (
    <fieldset class="playground-limits">
      <legend>Limits</legend>
      {LIMITS.map((name) => (
        <LimitField key={name} name={name} form={form} />
      ))}
      <p class="field-problem">{problemAt(form, "limits")}</p>
    </fieldset>
  );
}

function LimitField({ name, form }: { name: LimitName; form: Form }) {
  const { maximum, default: defaults } = (form.language ?? form.maxima).limits;
  const most = maximum[name] ?? (name === "stack_mib" ? maximum.memory_mib : undefined);
  const problem = problemAt(form, `limits.${name}`);
  return (
    <Field
      label={LIMIT_LABELS[name]}
      hint={most == null || problem ? undefined : `At most ${count(most)}`}
      problem={problem}
      data-field={`limits.${name}`}
      type="number"
      min={0}
      max={most ?? undefined}
      step={name.endsWith("_seconds") ? "any" : 1}
      placeholder={String(defaults[name] ?? "")}
      value={form.draft.limits[name] ?? ""}
      onInput={(event) => {
        const value = event.currentTarget.valueAsNumber;
        form.change((draft) => ({ ...draft, limits: withLimit(draft.limits, name, value) }));
      }}
    />
  );
}

function withLimit(limits: Limits, name: LimitName, value: number): Limits {
  const { [name]: _, ...others } = limits;
  return Number.isFinite(value) ? { ...others, [name]: value } : others;
}
