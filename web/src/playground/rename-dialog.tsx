import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { useForm } from "./form.ts";
import { problemWith } from "./names.ts";

interface Props {
  name: string;
  onRename: (name: string) => void;
  onClose: () => void;
}

/** Asks for another name of a file. */
export function RenameDialog({ name, onRename, onClose }: Props) {
  const { draft } = useForm();
  const [typed, setTyped] = useState(name);
  const others = draft.files.map((file) => file.name).filter((each) => each !== name);
  const problem = problemWith(typed, others);
  const submit = (event: Event) => {
    event.preventDefault();
    if (problem) return;
    onRename(typed);
    onClose();
  };
  return (
    <Dialog title="Rename the file" onClose={onClose}>
      <form class="playground-dialog" onSubmit={submit}>
        <Field
          label="Name"
          hint="A / makes folders: lib/names.py"
          value={typed}
          problem={problem ?? undefined}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <div class="dialog-buttons">
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary" disabled={problem !== null}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
