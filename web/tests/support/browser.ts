// A browser without a screen, for what is tested in a page: happy-dom's document, and Node's own
// fetch, streams and timers. The bundle of the tests begins with it, as the page's modules look at
// their address when they are loaded.
import { Window } from "happy-dom";
import { options } from "preact";

export const ORIGIN = "http://podline.test:8000";

export const browser = new Window({ url: `${ORIGIN}/` });

const NAMES = [
  "CSS CustomEvent DOMParser DataTransfer DocumentFragment DragEvent Element Event File FileReader",
  "FormData HTMLAnchorElement HTMLButtonElement HTMLDetailsElement HTMLDialogElement HTMLElement",
  "HTMLFormElement HTMLInputElement HTMLSelectElement HTMLTextAreaElement Image InputEvent",
  "KeyboardEvent MouseEvent MutationObserver Node PointerEvent ResizeObserver SVGElement",
  "StorageEvent SubmitEvent Text ClipboardEvent",
  "document getComputedStyle history localStorage location matchMedia navigator sessionStorage",
  "HashChangeEvent PageTransitionEvent ShadowRoot",
]
  .join(" ")
  .split(" ");

const found = browser as unknown as Record<string, unknown>;
for (const name of NAMES) put(name, found[name]);
put("window", browser);
Object.defineProperty(document, "hidden", { value: false, configurable: true });
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent", "scrollTo"]) {
  put(name, (found[name] as () => unknown).bind(browser));
}
put("scrollTo", () => {});
put("requestAnimationFrame", (callback: (time: number) => void) =>
  setImmediate(() => callback(performance.now())),
);
put("cancelAnimationFrame", clearImmediate);

// Node waits for an open channel to other tabs, and would never end.
const Channel = globalThis.BroadcastChannel;
put(
  "BroadcastChannel",
  class extends Channel {
    constructor(name: string) {
      super(name);
      (this as unknown as NodeJS.RefCounted).unref();
    }
  },
);

// What happy-dom lacks.
Object.defineProperty(browser.HTMLTableSectionElement.prototype, "rows", {
  get(this: Element) {
    return [...this.children];
  },
});
// Otherwise, Preact runs effects after a timer, which stands still where a test plays the clock.
(options as { requestAnimationFrame?: unknown }).requestAnimationFrame = setImmediate;

/** Give the page another global; what was there before is returned. */
export function put(name: string, value: unknown): unknown {
  const before = Reflect.get(globalThis, name) as unknown;
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  return before;
}

/** Show the page under another address, without an event. */
export function visit(address: string): void {
  browser.happyDOM.setURL(new URL(address, ORIGIN).href);
}

/** Whether somebody sees the page, and the event that says that it changed. */
export function setHidden(isHidden: boolean): void {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

/** A browser that keeps nothing: it has no room, or was told not to. Returns what ends it. */
export function refuseStorage(): () => void {
  const refuse = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const names = ["localStorage", "sessionStorage"] as const;
  const before = names.map((name) => [name, globalThis[name]] as const);
  for (const [name, storage] of before) {
    const read = (key: string) => storage.getItem(key);
    put(name, { getItem: read, setItem: refuse, removeItem() {}, clear() {} });
  }
  return () => {
    for (const [name, storage] of before) put(name, storage);
  };
}
