import { useEffect, useState } from "preact/hooks";

const MOVED = "podline:moved";

/** Show another page, or the same with another query. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  dispatchEvent(new Event(MOVED));
}

/** Change the query of this page, without an entry in the history. */
export function setQuery(query: URLSearchParams): void {
  const text = query.toString();
  go(location.pathname + (text && `?${text}`), { replace: true });
}

/** The address of the page, and whatever it becomes. */
export function useAddress(): URL {
  const [address, setAddress] = useState(() => new URL(location.href));
  useEffect(() => {
    const moved = () => setAddress(new URL(location.href));
    for (const event of ["popstate", MOVED]) addEventListener(event, moved);
    document.addEventListener("click", follow);
    return () => {
      for (const event of ["popstate", MOVED]) removeEventListener(event, moved);
      document.removeEventListener("click", follow);
    };
  }, []);
  return address;
}

/** Follow a link to a page of ours without loading everything again. */
function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (isOutside(link.pathname) || isAnchor(link)) return;
  event.preventDefault();
  go(link.href);
  scrollTo(0, 0);
}

function isOutside(path: string): boolean {
  return /^\/(api|assets|docs|healthz|readyz|metrics|openapi\.json)(\/|$)/.test(path);
}

function isAnchor(link: HTMLAnchorElement): boolean {
  return !!link.hash && link.pathname === location.pathname && link.search === location.search;
}
