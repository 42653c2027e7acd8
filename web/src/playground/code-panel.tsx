import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { sizeOfBase64 } from "../parts/base64.ts";
import { Confirm } from "../parts/dialog.tsx";
import { Editor } from "./editor/editor.tsx";
import type { Position } from "./editor/mount.ts";
import { FileTabs } from "./file-tabs.tsx";
import { neighbour, renamed, withContent, withNewFile, without } from "./files.ts";
import { problemAt, useForm } from "./form.ts";
import { modeOf } from "./languages.ts";
import { visible } from "./names.ts";
import { RenameDialog } from "./rename-dialog.tsx";
import type { Work } from "./use-draft.ts";

interface Props {
  work: Work;
  onMove: (position: Position) => void;
  onRun: () => void;
}

/** The files of the program, and the editor of one of them. */
export function CodePanel({ work, onMove, onRun }: Props) {
  const form = useForm();
  const [asks, setAsks] = useState<"rename" | "delete" | null>(null);
  const { draft, change } = form;
  const at = draft.files.findIndex((file) => file.name === work.open);
  const file = draft.files[at] ?? draft.files[0];
  if (!file) return null;

  const add = () => {
    const [next, name] = withNewFile(draft, `file${/\.[^./]*$/.exec(draft.main)?.[0] ?? ""}`);
    change(() => next);
    work.show(name);
    setAsks("rename");
  };
  const rename = (name: string) => {
    change((last) => renamed(last, file.name, name));
    work.show(name);
  };
  const remove = async () => {
    work.show(neighbour(draft.files, file.name));
    change((last) => without(last, file.name));
  };
  const problems = [
    problemAt(form, "files", at),
    problemAt(form, "files"),
    problemAt(form, "entrypoint"),
  ];

  return (
    <section class="playground-code" aria-label="Code">
      <FileTabs open={file.name} onOpen={work.show} onRename={() => setAsks("rename")}>
        <Button look="quiet" onClick={add}>
          New file
        </Button>
        <Button look="quiet" onClick={() => setAsks("rename")}>
          Rename
        </Button>
        {draft.files.length > 1 && (
          <>
            <Button
              look="quiet"
              disabled={draft.main === file.name}
              onClick={() => change((last) => ({ ...last, main: file.name }))}
            >
              Make main
            </Button>
            <Button look="quiet" onClick={() => setAsks("delete")}>
              Delete
            </Button>
          </>
        )}
      </FileTabs>
      <p class="field-problem" role="alert">
        {problems.filter(Boolean).join("; ")}
      </p>
      {file.encoding === "base64" ? (
        <p class="playground-empty">
          <bdi>{visible(file.name)}</bdi> is not a text: {sizeOfBase64(file.content)} bytes.
        </p>
      ) : null}
      <div class="playground-editor-frame" hidden={file.encoding === "base64"}>
        <Editor
          name={file.name}
          content={file.encoding === "base64" ? "" : file.content}
          language={modeOf(file.name) ?? (file.name === draft.main ? draft.language : null)}
          onChange={(content) => change((last) => withContent(last, file.name, content))}
          onMove={onMove}
          onRun={onRun}
        />
      </div>
      {asks === "rename" && (
        <RenameDialog name={file.name} onRename={rename} onClose={() => setAsks(null)} />
      )}
      {asks === "delete" && (
        <Confirm
          title={`Delete ${visible(file.name)}?`}
          verb="Delete"
          isDangerous
          onConfirm={remove}
          onClose={() => setAsks(null)}
        />
      )}
    </section>
  );
}
