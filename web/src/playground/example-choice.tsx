import { useState } from "preact/hooks";
import { Confirm } from "../parts/dialog.tsx";
import { type Catalogue, canonical, languageOf } from "./catalogue.ts";
import { type Example, EXAMPLES, exampleOf, examplesOf } from "./examples.ts";
import { useForm } from "./form.ts";
import type { Draft } from "./model.ts";

interface Props {
  catalogue: Catalogue;
  isChanged: boolean;
  replace: (draft: Draft) => void;
}

/** Opens an example in the language that is chosen. */
export function ExampleChoice({ catalogue, isChanged, replace }: Props) {
  const { draft } = useForm();
  const [asked, setAsked] = useState<Draft | null>(null);
  const name = canonical(catalogue, draft.language);
  const language = languageOf(catalogue, name, draft.version);
  const choose = (event: Event & { currentTarget: HTMLSelectElement }) => {
    const example = event.currentTarget.value as Example;
    event.currentTarget.value = "";
    const found = exampleOf(example, name, language?.source_name ?? "main.txt");
    if (isChanged) setAsked(found);
    else replace(found);
  };
  return (
    <>
      <select class="select" aria-label="Example" value="" onChange={choose}>
        <option value="">Example…</option>
        {examplesOf(name, Object.keys(language?.packages ?? {})).map((each) => (
          <option key={each} value={each}>
            {EXAMPLES[each]}
          </option>
        ))}
      </select>
      {asked && (
        <Confirm
          title="Replace your program?"
          verb="Replace"
          isDangerous
          onConfirm={async () => replace(asked)}
          onClose={() => setAsked(null)}
        >
          <p>Your program, its input and its settings would be lost.</p>
        </Confirm>
      )}
    </>
  );
}
