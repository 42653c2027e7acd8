import { Select } from "../parts/field.tsx";
import { problemAt, useForm } from "./form.ts";
import type { Bounds, Compare } from "./model.ts";

const KINDS = [
  ["", "By lines, without white space at their ends (default)"],
  ["exact", "Byte for byte"],
  ["tokens", "Word by word"],
  ["numbers", "Word by word, numbers within a bound"],
] as const;
const FIRST_BOUNDS: Bounds = { absolute: 1e-9, relative: 1e-9 };

/** How the output and the expected output are compared. */
export function CompareField() {
  const form = useForm();
  const { compare } = form.draft;
  const set = (next: Compare) => form.change((draft) => ({ ...draft, compare: next }));
  const bounds = typeof compare === "object" ? compare?.numbers : undefined;
  const kind = bounds ? "numbers" : compare === "lines" ? "" : ((compare as string | null) ?? "");
  return (
    <div class="playground-compare">
      <Select
        label="Compare"
        data-field="compare"
        options={KINDS}
        value={kind}
        problem={problemAt(form, "compare")}
        onChange={(event) => set(compareOf(event.currentTarget.value))}
      />
      {bounds && <BoundFields bounds={bounds} onChange={(numbers) => set({ numbers })} />}
    </div>
  );
}

function compareOf(kind: string): Compare {
  if (kind === "numbers") return { numbers: FIRST_BOUNDS };
  return kind === "exact" || kind === "tokens" ? kind : null;
}

function BoundFields({ bounds, onChange }: { bounds: Bounds; onChange: (bounds: Bounds) => void }) {
  return (
    <>
      {(["absolute", "relative"] as const).map((name) => (
        <label key={name} class="playground-bound">
          {name === "absolute" ? "Absolute bound" : "Relative bound"}
          <input
            type="number"
            min={0}
            step="any"
            value={bounds[name]}
            onChange={(event) => {
              const value = event.currentTarget.valueAsNumber;
              onChange({ ...bounds, [name]: Number.isFinite(value) ? value : 0 });
            }}
          />
        </label>
      ))}
    </>
  );
}
