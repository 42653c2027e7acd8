import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { FieldFrame } from "../parts/field.tsx";
import { counted } from "../parts/format.ts";
import { useForm } from "./form.ts";
import { testsFrom } from "./tests-paste.ts";

/** Takes tests as text. */
export function PasteDialog({ onClose }: { onClose: () => void }) {
  const { change } = useForm();
  const [text, setText] = useState("");
  const found = testsFrom(text);
  const problem =
    text && !found ? "This is neither two or three columns nor a list in JSON." : undefined;
  const add = () => {
    change((draft) => ({ ...draft, tests: [...draft.tests, ...(found ?? [])] }));
    onClose();
  };
  return (
    <Dialog title="Paste tests" onClose={onClose}>
      <div class="playground-dialog">
        <FieldFrame
          label="Tests"
          hint="From a spreadsheet: the columns input and expected output, perhaps after a name. Or the tests of a submission in JSON."
          problem={problem}
        >
          {(attributes) => (
            <textarea
              {...attributes}
              class="playground-text"
              rows={8}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </FieldFrame>
        <div class="dialog-buttons">
          <Button onClick={onClose}>Back</Button>
          <Button look="primary" disabled={!found} onClick={add}>
            Add {counted(found?.length ?? 0, "test")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
