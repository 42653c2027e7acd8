import { render } from "preact";

const places = new Set<HTMLElement>();

/** A place in the document, to show something in. */
export function place(): HTMLElement {
  const made = document.createElement("div");
  document.body.append(made);
  places.add(made);
  return made;
}

/** End everything that is shown, with its timers and requests. */
export function leaveAll(): void {
  for (const each of places) {
    render(null, each);
    each.remove();
  }
  places.clear();
}
