const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Load the page's style sheets again if the network lost them, until they arrive: a browser asks
 * for each once, and gives up, for example, when the machine's address changes meanwhile. A script
 * of the page runs only once they are there or were given up.
 */
export function restoreStyles(): void {
  if (isStyled()) return;
  document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]").forEach((link) => again(link));
}

/** Whether the page's custom properties are known. */
function isStyled(): boolean {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue("--accent") !== "";
}

function again(link: HTMLLinkElement, failures = 0): void {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
  setTimeout(() => {
    const next = link.cloneNode() as HTMLLinkElement;
    next.addEventListener("error", () => again(next, failures + 1));
    link.replaceWith(next);
  }, pause);
}
