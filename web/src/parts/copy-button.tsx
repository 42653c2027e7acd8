import { useState } from "preact/hooks";
import { Button, type Look } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

interface Props {
  text: string | (() => string);
  label?: string;
  look?: Look;
  /** Whether only its icon is seen. */
  isIcon?: boolean;
}

/** Copies a text to the clipboard. */
export function CopyButton({ text, label = "Copy", look = "normal", isIcon = false }: Props) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } catch {
      // Only pages from https: or from localhost may write to it.
      toast("The browser lets this page copy nothing. Select the text instead.", {
        isProblem: true,
      });
    }
  };
  return (
    <Button
      look={isIcon ? "quiet" : look}
      class={isIcon ? "button-small" : undefined}
      title={isIcon ? label : undefined}
      onClick={copy}
    >
      <Icon name={isDone ? "check" : "copy"} />
      <span class={isIcon ? "unseen" : undefined} aria-live="polite">
        {isDone ? "Copied" : label}
      </span>
    </Button>
  );
}
