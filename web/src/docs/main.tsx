// Makes the operations of /docs work, which can be read without this script.
import { render } from "preact";
import { rememberKey } from "./authorization.ts";
import { type Described, found } from "./operation.ts";
import { TryIt } from "./try-it.tsx";

let document_: Promise<Described> | undefined;

/** Fetched when an operation is first opened. */
function described(): Promise<Described> {
  document_ ??= fetch("/openapi.json").then((response) => response.json() as Promise<Described>);
  return document_;
}

function KeyField() {
  return (
    <label>
      Key for requests from this page (kept until you leave it; without one, your session is used)
      <input
        type="password"
        autocomplete="off"
        onInput={(event) => rememberKey(event.currentTarget.value)}
      />
    </label>
  );
}

async function fill(place: HTMLElement): Promise<void> {
  const operation = found(await described(), place.dataset.operation ?? "");
  if (operation) render(<TryIt operation={operation} />, place);
}

function openTarget(): void {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

// The document is the same for whoever asks, and does not know by which address.
document.getElementById("origin")?.replaceChildren(location.origin);

const keyPlace = document.getElementById("try-key");
if (keyPlace) render(<KeyField />, keyPlace);
for (const place of document.querySelectorAll<HTMLElement>(".try")) {
  const details = place.closest("details");
  details?.addEventListener("toggle", () => details.open && !place.firstChild && void fill(place));
}
addEventListener("hashchange", openTarget);
openTarget();
