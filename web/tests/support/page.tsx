import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type ComponentChildren, render } from "preact";
import { leaveAll, place } from "./places.ts";
import { Toasts } from "../../src/parts/toast.tsx";
import { type Role, type Session, SessionContext } from "../../src/shell/session.ts";

/** Whose session a test's page is in. */
export function sessionOf(role: Role = "user", name = "ada"): Session {
  return { name, role, csrf_token: "token-1" } as Session;
}

/** Show something in a document of its own, until the test ends. */
export async function show(
  test: TestContext,
  content: ComponentChildren,
  { role = "user", name = "ada" }: { role?: Role; name?: string } = {},
): Promise<Shown> {
  test.after(async () => {
    leaveAll();
    await settle(); // Effects of what was shown end a moment later.
  });
  const shown = new Shown(place(), sessionOf(role, name));
  await closeToasts(shown);
  await shown.render(content);
  return shown;
}

/** Those of earlier tests. */
async function closeToasts(shown: Shown): Promise<void> {
  await shown.render(<Toasts />);
  for (const each of shown.all(".toast button")) await shown.click(each);
}

/** What somebody sees of a page, and can do in it. */
export class Shown {
  constructor(
    readonly place: HTMLElement,
    private readonly session: Session,
  ) {}

  async render(content: ComponentChildren): Promise<void> {
    render(
      <SessionContext.Provider value={this.session}>{content}</SessionContext.Provider>,
      this.place,
    );
    await settle();
  }

  get text(): string {
    return readable(this.place);
  }

  all<T extends Element = HTMLElement>(selector: string): T[] {
    return [...this.place.querySelectorAll<T>(selector)];
  }

  one<T extends Element = HTMLElement>(selector: string): T {
    const found = this.all<T>(selector);
    assert.equal(found.length, 1, `${found.length} of ${selector} in ${this.place.innerHTML}`);
    return found[0] as T;
  }

  /** The texts of what a selector finds. */
  texts(selector: string): string[] {
    return this.all(selector).map(readable);
  }

  /** The rows of the table, without its head: the text of each cell. */
  rows(selector = "tbody tr"): string[][] {
    return this.all(selector).map((row) => [...row.children].map(readable));
  }

  buttons(): string[] {
    return this.all("button").map(nameOf);
  }

  button(name: string): HTMLButtonElement {
    return this.#named<HTMLButtonElement>("button, [role=button]", name);
  }

  link(name: string): HTMLAnchorElement {
    return this.#named<HTMLAnchorElement>("a", name);
  }

  tab(name: string): HTMLElement {
    return this.#named("[role=tab]", name);
  }

  /** The control with this label. */
  field<T extends HTMLElement = HTMLInputElement>(label: string): T {
    return this.#named<T>("input, select, textarea", label);
  }

  #named<T extends HTMLElement>(selector: string, name: string): T {
    const all = this.all<T>(selector);
    const found = all.filter((each) => nameOf(each) === name);
    assert.equal(
      found.length,
      1,
      `${found.length} of "${name}" among ${all.map(nameOf).join("|")}`,
    );
    return found[0] as T;
  }

  async click(target: string | Element, options: MouseEventInit = {}): Promise<void> {
    const element = typeof target === "string" ? this.button(target) : target;
    assert.ok(!(element as HTMLButtonElement).disabled, `${nameOf(element)} is disabled`);
    const event = { bubbles: true, cancelable: true, composed: true, ...options };
    element.dispatchEvent(new MouseEvent("click", event));
    await settle();
  }

  /** Replace the text of a field, or choose in a select. */
  async fill(target: string | HTMLElement, value: string): Promise<void> {
    const element = typeof target === "string" ? this.field(target) : target;
    (element as HTMLInputElement).value = value;
    for (const name of ["input", "change"]) {
      element.dispatchEvent(new Event(name, { bubbles: true }));
      await settle();
    }
  }

  /** Tick a box or a radio button, or untick it. */
  async tick(target: string | HTMLInputElement, isTicked = true): Promise<void> {
    const element = typeof target === "string" ? this.field(target) : target;
    element.checked = isTicked;
    for (const name of ["input", "change"]) {
      element.dispatchEvent(new Event(name, { bubbles: true }));
      await settle();
    }
  }

  async press(
    target: Element | Document,
    key: string,
    more: KeyboardEventInit = {},
  ): Promise<Event> {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    await settle();
    return event;
  }

  async submit(selector = "form"): Promise<void> {
    this.one(selector).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await settle();
  }
}

/** What assistive technology calls an element, as far as this page names its elements. */
export function nameOf(element: Element): string {
  const label = element.getAttribute("aria-label");
  if (label !== null) return label;
  const by = element.getAttribute("aria-labelledby");
  const id = by ?? element.id;
  const labels = by
    ? by.split(" ").map((each) => document.getElementById(each))
    : [document.querySelector(`label[for="${id}"]`) ?? element.closest("label")];
  const found = labels.filter((each) => each !== null);
  if (found.length > 0 && (by || isControl(element))) {
    return found.map((each) => withoutControls(each)).join(" ");
  }
  return readable(element);
}

function isControl(element: Element): boolean {
  return ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}

function withoutControls(label: Element): string {
  const copy = label.cloneNode(true) as Element;
  for (const each of copy.querySelectorAll("input, select, textarea")) each.remove();
  return readable(copy);
}

/** The text of an element, with single spaces. */
export function readable(element: Element): string {
  return (element.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Let everything happen that waits for nothing else. */
export async function settle(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const PATIENCE_MS = 10_000;

/** Wait until something is so, for what other threads do, such as compressing. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, `not in time: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
