import { useEffect, useRef } from "preact/hooks";
import { Empty, Shown } from "../parts/states.tsx";
import { useScript } from "../parts/use-script.ts";
import type { PageProps } from "./page-props.ts";
import { type Route, found } from "./routes.ts";
import { includes, useSession } from "./session.ts";

/** The page of an address. It is loaded when it is first shown. */
export function PageOf({ address }: { address: URL }) {
  const session = useSession();
  const match = found(address.pathname);
  useTitle(match?.route.title ?? "Not found", address.pathname);
  if (!match) {
    return (
      <Empty title="There is no such page">
        <a href="/">Go to the first page</a>
      </Empty>
    );
  }
  const { route, parameters } = match;
  if (!includes(session, route.role)) {
    return (
      <Empty title={`${route.title} needs the role ${route.role}`}>
        <p>Your key has the role {session.role}. Sign in with another key to see this page.</p>
        <a href="/">Go to the first page</a>
      </Empty>
    );
  }
  const key = route.path + JSON.stringify(parameters);
  return <Loaded key={key} route={route} parameters={parameters} query={address.searchParams} />;
}

function Loaded({ route, ...props }: { route: Route } & PageProps) {
  const loaded = useScript(route.load, [route]);
  return <Shown loaded={loaded}>{({ default: Page }) => <Page {...props} />}</Shown>;
}

/** Name the document, and tell screen readers of another page by moving the focus to its start. */
function useTitle(title: string, path: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Podline`;
    if (!isFirst.current) document.getElementById("main")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title, path]);
}
