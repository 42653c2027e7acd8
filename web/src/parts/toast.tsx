import { useEffect, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

interface Toast {
  id: number;
  text: string;
  isProblem: boolean;
}

const SHOWN_MS = 6000;
let last = 0;
let shown: readonly Toast[] = [];
let changed: (toasts: readonly Toast[]) => void = () => {};

/** Say that something was done, or that it failed, without a place in the page for it. */
export function toast(text: string, { isProblem = false } = {}): void {
  const id = ++last;
  set([...shown, { id, text, isProblem }]);
  // Problems stay until they are closed.
  if (!isProblem) setTimeout(() => remove(id), SHOWN_MS);
}

function remove(id: number): void {
  set(shown.filter((each) => each.id !== id));
}

function set(toasts: readonly Toast[]): void {
  shown = toasts;
  changed(toasts);
}

/** Where toasts appear: once, in the frame. Screen readers read each aloud. */
export function Toasts() {
  const [toasts, setToasts] = useState(shown);
  useEffect(() => {
    changed = setToasts;
    return () => {
      changed = () => {};
    };
  }, []);
  return (
    <div class="toasts" role="status">
      {toasts.map((each) => (
        <div key={each.id} class={`toast ${each.isProblem ? "toast-problem" : ""}`}>
          <Icon name={each.isProblem ? "alert" : "check"} />
          <span class="toast-text">{each.text}</span>
          <Button look="quiet" aria-label="Close" onClick={() => remove(each.id)}>
            <Icon name="cross" />
          </Button>
        </div>
      ))}
    </div>
  );
}
