import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog. Escape closes it; the browser keeps the focus in it, and returns it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  // The event comes later: one about a dialog that is gone must not close the next one.
  const closed = () => element.current?.isConnected && onClose();
  return (
    <dialog ref={element} class="dialog" aria-labelledby={id} onClose={closed}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** The verb of the button that does it: "Delete". */
  verb: string;
  isDangerous?: boolean;
  /** Whether all is known that somebody has to know before. */
  isReady?: boolean;
  /** Does it. What it throws is shown, and the dialog stays. */
  onConfirm: () => Promise<void>;
  onClose: () => void;
  children?: ComponentChildren;
}

/** Asks before something that can't be undone. */
export function Confirm({
  title,
  verb,
  isDangerous,
  isReady = true,
  onConfirm,
  onClose,
  children,
}: ConfirmProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <p class="field-problem" role="alert">
        {problem}
      </p>
      <div class="dialog-buttons">
        <Button onClick={onClose}>Back</Button>
        <Button
          look={isDangerous ? "danger" : "primary"}
          disabled={isBusy || !isReady}
          onClick={confirm}
        >
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
