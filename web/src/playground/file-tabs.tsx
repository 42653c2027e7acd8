import type { ComponentChildren } from "preact";
import { useForm } from "./form.ts";
import { visible } from "./names.ts";

interface Props {
  open: string;
  onOpen: (name: string) => void;
  onRename: () => void;
  /** What can be done with the open file. */
  children: ComponentChildren;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

/** A tab for each file; the arrow keys move between them. */
export function FileTabs({ open, onOpen, onRename, children }: Props) {
  const { draft } = useForm();
  const names = byFolder(draft.files.map((file) => file.name));
  const isMain = (name: string) => names.length > 1 && name === draft.main;
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key === "F2") onRename();
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (names.indexOf(open) + step + names.length) % names.length;
    onOpen(names[at] ?? open);
    event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")[at]?.focus();
  };
  return (
    <div class="playground-files">
      <div class="playground-tabs" role="tablist" aria-label="Files" onKeyDown={onKeyDown}>
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={name === open}
            tabIndex={name === open ? 0 : -1}
            title={visible(name)}
            aria-label={`${visible(name)}${isMain(name) ? " main" : ""}`}
            onClick={() => onOpen(name)}
            onDblClick={onRename}
          >
            <Path name={visible(name)} />
            {isMain(name) && <span class="playground-main">main</span>}
          </button>
        ))}
      </div>
      <div class="playground-file-actions">{children}</div>
    </div>
  );
}

/** Files beside each other if they are in the same folder; folders in the order of their names. */
export function byFolder(names: readonly string[]): string[] {
  return [...names].sort((one, other) => compared(folderOf(one), folderOf(other)));
}

function compared(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** The folder is what is cut if there is little room. */
function Path({ name }: { name: string }) {
  const folder = folderOf(name);
  return (
    <bdi class="playground-path">
      {folder && <span class="playground-folder">{folder}</span>}
      <span>{name.slice(folder.length)}</span>
    </bdi>
  );
}
