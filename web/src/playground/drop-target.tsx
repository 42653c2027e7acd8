import type { HTMLAttributes } from "preact";
import { useState } from "preact/hooks";
import { counted } from "../parts/format.ts";
import { toast } from "../parts/toast.tsx";
import { base64Of, textOf } from "./bytes.ts";
import { TooMuch, dropped, hasFiles } from "./drop.ts";
import { wantedPaths, withFiles } from "./files.ts";
import { useForm } from "./form.ts";
import type { SourceFile } from "./model.ts";
import { type NamedBytes, testsIn } from "./tests-import.ts";

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

export type Take = (files: readonly NamedBytes[]) => void;

/** Takes tests only, and says what is not one. */
export function useTestsTaken(): Take {
  const { change } = useForm();
  return (files) => {
    const { tests, problems } = testsIn(files);
    if (tests.length) {
      change((draft) => ({ ...draft, tests: [...draft.tests, ...tests] }));
      toast(`${counted(tests.length, "test")} added.`);
    }
    for (const problem of problems) toast(problem, { isProblem: true });
  };
}

/** Takes pairs of files as tests, and all others as files of the program. */
export function useTaken(onTests: () => void): Take {
  const { change } = useForm();
  return (files) => {
    const { tests, others } = testsIn(files);
    const names = wantedPaths(others.map((file) => file.path));
    const found = others.flatMap(({ path, bytes }) => {
      const name = names.get(path);
      return name === undefined ? [] : [fileOf(name, bytes)];
    });
    change((draft) => ({ ...withFiles(draft, found), tests: [...draft.tests, ...tests] }));
    toast(summary(found.length, tests.length, others.length - found.length));
    if (tests.length) onTests();
  };
}

function summary(files: number, tests: number, left: number): string {
  const added = [files && counted(files, "file"), tests && counted(tests, "test")];
  const what = added.filter(Boolean).join(" and ") || "Nothing";
  return `${what} added${left ? `; ${counted(left, "hidden file")} left out` : ""}.`;
}

function fileOf(name: string, bytes: Uint8Array): SourceFile {
  const content = textOf(bytes);
  if (content === null) return { name, content: base64Of(bytes), encoding: "base64" };
  return { name, content, encoding: "utf-8" };
}
