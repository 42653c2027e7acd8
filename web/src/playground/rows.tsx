import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { fieldKey, problemAt, useForm } from "./form.ts";
import { useFocusNext } from "./use-focus-next.ts";

interface Props {
  /** The field of the submission. */
  name: string;
  label: string;
  /** What one of them is called: "Argument". */
  one: string;
  texts: readonly string[];
  onChange: (texts: readonly string[]) => void;
}

/** A list of texts, each in a row. A text can have several lines. */
export function Rows({ name, label, one, texts, onChange }: Props) {
  const form = useForm();
  const focusNext = useFocusNext();
  const set = (at: number, text: string) =>
    onChange(texts.map((each, n) => (n === at ? text : each)));
  return (
    <fieldset class="playground-rows" data-field={name} tabIndex={-1}>
      <legend>{label}</legend>
      {texts.map((text, at) => (
        <div class="playground-row" key={at}>
          <textarea
            rows={Math.min(text.split("\n").length, 12)}
            aria-label={`${one} ${at + 1}`}
            aria-invalid={problemAt(form, name, at) ? true : undefined}
            data-field={fieldKey(name, at)}
            spellcheck={false}
            value={text}
            onInput={(event) => set(at, event.currentTarget.value)}
          />
          <Button
            look="quiet"
            aria-label={`Remove ${one.toLowerCase()} ${at + 1}`}
            onClick={() => onChange(texts.filter((_, n) => n !== at))}
          >
            <Icon name="cross" />
          </Button>
          <p class="field-problem">{problemAt(form, name, at)}</p>
        </div>
      ))}
      <p class="field-problem">{problemAt(form, name)}</p>
      <Button
        look="quiet"
        onClick={() => {
          focusNext(name, texts.length);
          onChange([...texts, ""]);
        }}
      >
        <Icon name="plus" /> Add {one.toLowerCase()}
      </Button>
    </fieldset>
  );
}
