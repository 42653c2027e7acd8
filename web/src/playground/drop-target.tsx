import type { HTMLAttributes } from "preact";
import { useState } from "preact/hooks";
import { counted } from "../parts/format.ts";
import { toast } from "../parts/toast.tsx";
import { base64Of, textOf } from "./bytes.ts";
import { TooMuch, dropped, hasFiles } from "./drop.ts";
import { wantedPaths, withFiles } from "./files.ts";
import { useForm } from "./form.ts";
import type { SourceFile } from "./model.ts";
import { type NamedBytes, areTests, testsIn } from "./tests-import.ts";

type Props = HTMLAttributes<HTMLDivElement> & {
  /** Tests were dropped. */
  onTests: () => void;
};

/** Takes files and folders that are dropped anywhere on it: pairs of files become tests. */
export function DropTarget({ onTests, children, ...rest }: Props) {
  const take = useTaken(onTests);
  const [isOver, setOver] = useState(false);
  const onDragOver = (event: DragEvent) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    setOver(true);
  };
  const onDragLeave = (event: DragEvent & { currentTarget: HTMLElement }) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
  };
  // Before the editor sees it, which would insert the text.
  const onDrop = (event: DragEvent) => {
    setOver(false);
    if (!event.dataTransfer || !hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    void dropped(event.dataTransfer).then(take).catch(refuse);
  };
  return (
    <div
      {...rest}
      data-dragged={isOver}
      onDragOver={onDragOver}
      onDragLeave={onDragLeave}
      onDropCapture={onDrop}
    >
      {children}
    </div>
  );
}

/** Says why files could not be taken. */
export function refuse(error: unknown): void {
  if (!(error instanceof TooMuch) && !(error instanceof DOMException)) throw error;
  const isOurs = error instanceof TooMuch;
  toast(isOurs ? error.message : "The browser could not read these files.", { isProblem: true });
}

/** Adds files to the program, or tests to its tests. */
export function useTaken(onTests: () => void): (files: readonly NamedBytes[]) => void {
  const { change } = useForm();
  return (files) => {
    if (areTests(files.map((file) => file.path))) {
      const { tests, problems } = testsIn(files);
      change((draft) => ({ ...draft, tests: [...draft.tests, ...tests] }));
      toast(`${counted(tests.length, "test")} added.`);
      for (const problem of problems) toast(problem, { isProblem: true });
      return onTests();
    }
    const names = wantedPaths(files.map((file) => file.path));
    const found = files.flatMap(({ path, bytes }) => {
      const name = names.get(path);
      return name === undefined ? [] : [fileOf(name, bytes)];
    });
    change((draft) => withFiles(draft, found));
    const left = files.length - found.length;
    toast(`${counted(found.length, "file")} added${left ? `; ${left} hidden ones left out` : ""}.`);
  };
}

function fileOf(name: string, bytes: Uint8Array): SourceFile {
  const content = textOf(bytes);
  if (content === null) return { name, content: base64Of(bytes), encoding: "base64" };
  return { name, content, encoding: "utf-8" };
}
