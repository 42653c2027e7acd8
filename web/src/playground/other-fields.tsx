import { useState } from "preact/hooks";
import { FieldFrame } from "../parts/field.tsx";
import { problemAt, useForm } from "./form.ts";
import { Unexpected, json, object, type JsonObject } from "./json.ts";

/** Every field that has no control of its own, as JSON. */
export function OtherFields() {
  const form = useForm();
  const { rest } = form.draft;
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (Object.keys(rest).length ? JSON.stringify(rest, null, 2) : "");
  const onInput = (text: string) => {
    setTyped(text);
    const fields = fieldsIn(text);
    if (fields) form.change((draft) => ({ ...draft, rest: fields }));
  };
  const problem = fieldsIn(shown) ? problemAt(form, "other") : "is not an object in JSON";
  return (
    <details class="playground-other" open={shown !== ""}>
      <summary>Other fields</summary>
      <FieldFrame
        label="Other fields of the submission, in JSON"
        hint='Such as {"labels": {"course": "cs101"}, "priority": "low"}'
        problem={problem}
      >
        {(attributes) => (
          <textarea
            {...attributes}
            class="playground-text"
            data-field="other"
            rows={Math.min(12, Math.max(3, shown.split("\n").length))}
            spellcheck={false}
            value={shown}
            onInput={(event) => onInput(event.currentTarget.value)}
            onBlur={() => fieldsIn(shown) && setTyped(null)}
          />
        )}
      </FieldFrame>
    </details>
  );
}

function fieldsIn(text: string): JsonObject | null {
  if (!text.trim()) return {};
  try {
    return json(object(JSON.parse(text))) as JsonObject;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Unexpected) return null;
    throw error;
  }
}
