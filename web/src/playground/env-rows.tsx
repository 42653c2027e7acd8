import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { fieldKey, problemAt, useForm } from "./form.ts";
import { useFocusNext } from "./use-focus-next.ts";

/** The environment of the program: a name and a value in each row. */
export function EnvRows() {
  const form = useForm();
  const { draft, change } = form;
  const focusNext = useFocusNext();
  const set = (at: number, pair: readonly [string, string]) =>
    change((last) => ({ ...last, env: last.env.map((each, n) => (n === at ? pair : each)) }));
  return (
    <fieldset class="playground-rows" data-field="env" tabIndex={-1}>
      <legend>Environment</legend>
      {draft.env.map(([name, value], at) => (
        <div class="playground-row" key={at}>
          <input
            aria-label={`Name of variable ${at + 1}`}
            placeholder="NAME"
            data-field={fieldKey("env", at)}
            spellcheck={false}
            value={name}
            onInput={(event) => set(at, [event.currentTarget.value, value])}
          />
          <textarea
            rows={Math.min(value.split("\n").length, 12)}
            aria-label={`Value of variable ${at + 1}`}
            spellcheck={false}
            value={value}
            onInput={(event) => set(at, [name, event.currentTarget.value])}
          />
          <Button
            look="quiet"
            aria-label={`Remove variable ${at + 1}`}
            onClick={() =>
              change((last) => ({ ...last, env: last.env.filter((_, n) => n !== at) }))
            }
          >
            <Icon name="cross" />
          </Button>
        </div>
      ))}
      <p class="field-problem">{problemAt(form, "env")}</p>
      <Button
        look="quiet"
        onClick={() => {
          focusNext("env", draft.env.length);
          change((last) => ({ ...last, env: [...last.env, ["", ""]] }));
        }}
      >
        <Icon name="plus" /> Add variable
      </Button>
    </fieldset>
  );
}
