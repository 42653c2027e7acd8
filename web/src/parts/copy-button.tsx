import { useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

/** Copies a text to the clipboard. */
export function CopyButton({
  text,
  label = "Copy",
}: {
  text: string | (() => string);
  label?: string;
}) {
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
    <Button onClick={copy}>
      <Icon name={isDone ? "check" : "copy"} />
      <span aria-live="polite">{isDone ? "Copied" : label}</span>
    </Button>
  );
}
