import type { ComponentType } from "preact";
import type { PageProps } from "./page-props.ts";
import type { Role } from "./session.ts";

export interface Route {
  path: string;
  title: string;
  /** The role that the page is of use to. The API decides what anybody may do. */
  role: Role;
  inNavigation: boolean;
  load: () => Promise<PageModule>;
}

export interface PageModule {
  default: ComponentType<PageProps>;
  /** Ask for what the page needs in any case, before it is shown. */
  begin?: () => void;
}

export const ROUTES: readonly Route[] = [
  route("/", "Playground", "user", () => import("../playground/page.tsx")),
  route("/executions", "Executions", "user", () => import("../executions/page.tsx")),
  route("/executions/:id", "Execution", "user", () => import("../execution/page.tsx")),
  route("/usage", "Usage", "user", () => import("../operator/usage.tsx")),
  route("/overview", "Overview", "operator", () => import("../operator/overview.tsx")),
  route("/dead-letters", "Dead letters", "operator", () => import("../operator/dead-letters.tsx")),
  route(
    "/dead-letters/:id",
    "Dead letter",
    "operator",
    () => import("../operator/dead-letter.tsx"),
  ),
  route("/replays", "Replays", "operator", () => import("../operator/replays.tsx")),
  route("/replays/:id", "Replay", "operator", () => import("../operator/replay.tsx")),
  route("/events", "Events", "operator", () => import("../operator/events.tsx")),
  route("/workers", "Workers", "operator", () => import("../operator/workers.tsx")),
  route("/keys", "Keys", "admin", () => import("../operator/keys.tsx")),
];

function route(path: string, title: string, role: Role, load: Route["load"]): Route {
  return { path, title, role, inNavigation: !path.includes(":"), load };
}

/** The route of a path, and what its parameters are there. */
export function found(
  path: string,
  routes: readonly Route[] = ROUTES,
): { route: Route; parameters: Record<string, string> } | null {
  for (const route of routes) {
    const parameters = matched(route.path, path);
    if (parameters) return { route, parameters };
  }
  return null;
}

function matched(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":") && value) parameters[part.slice(1)] = decoded(value);
    else if (part !== value) return null;
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
