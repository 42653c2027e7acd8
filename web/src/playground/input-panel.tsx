import { FieldFrame } from "../parts/field.tsx";
import { EnvRows } from "./env-rows.tsx";
import { problemAt, useForm } from "./form.ts";
import { Rows } from "./rows.tsx";

/** What the program reads: its stdin, arguments and environment. */
export function InputPanel() {
  const form = useForm();
  const { draft, change } = form;
  return (
    <>
      <FieldFrame label="Standard input" problem={problemAt(form, "stdin")}>
        {(attributes) => (
          <textarea
            {...attributes}
            class="playground-text"
            data-field="stdin"
            rows={4}
            spellcheck={false}
            value={draft.stdin}
            onInput={(event) => {
              const stdin = event.currentTarget.value;
              change((last) => ({ ...last, stdin }));
            }}
          />
        )}
      </FieldFrame>
      <div class="playground-pair">
        <Rows
          name="args"
          label="Arguments"
          one="Argument"
          texts={draft.args}
          onChange={(args) => change((last) => ({ ...last, args }))}
        />
        <EnvRows />
      </div>
    </>
  );
}
