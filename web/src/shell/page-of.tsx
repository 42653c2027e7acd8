import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { UNREACHABLE } from "../api/problem.ts";
import { Empty, Failed, Loading } from "../parts/states.tsx";
import { type PageProps, type Route, found } from "./routes.ts";

/** The page of an address. It is loaded when it is first shown. */
export function PageOf({ address }: { address: URL }) {
  const match = found(address.pathname);
  useTitle(match?.route.title ?? "Not found");
  if (!match) {
    return (
      <Empty title="There is no such page">
        <a href="/">Go to the first page</a>
      </Empty>
    );
  }
  const { route, parameters } = match;
  const key = route.path + JSON.stringify(parameters);
  return <Loaded key={key} route={route} parameters={parameters} query={address.searchParams} />;
}

function Loaded({ route, ...props }: { route: Route } & PageProps) {
  const [Page, setPage] = useState<ComponentType<PageProps> | null>(null);
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    route.load().then(
      (module) => setPage(() => module.default),
      () => setFailed(true),
    );
  };
  useEffect(load, [route]);
  if (failed) return <Failed problem={UNREACHABLE} onRetry={load} />;
  return Page ? <Page {...props} /> : <Loading />;
}

/** Name the document, and tell screen readers of another page by moving the focus to its start. */
function useTitle(title: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Podline`;
    if (!isFirst.current) document.getElementById("main")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title]);
}
