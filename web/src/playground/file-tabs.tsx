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
  const names = draft.files.map((file) => file.name);
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
            onClick={() => onOpen(name)}
            onDblClick={onRename}
          >
            <bdi>{visible(name)}</bdi>
            {names.length > 1 && name === draft.main && <span class="playground-main">main</span>}
          </button>
        ))}
      </div>
      <div class="playground-file-actions">{children}</div>
    </div>
  );
}
