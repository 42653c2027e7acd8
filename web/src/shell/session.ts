import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { ahead } from "../api/ahead.ts";
import { api, send, session as state } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";

export type Session = components["schemas"]["Session"];
export type Role = "user" | "operator" | "admin";

const RANK: Record<string, number> = { user: 0, operator: 1, admin: 2 };

export const SessionContext = createContext<Session | null>(null);

/** Whose session it is. Pages are shown only in a session. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("There is no session.");
  return session;
}

/** Whether a session's role includes another: an operator is a user too. */
export function includes(session: Session, role: Role): boolean {
  return (RANK[session.role] ?? 0) >= (RANK[role] ?? 0);
}

/** The session of the cookie. Rejects with Problem. */
export const resumed = ahead((signal) => resume(signal));

export async function resume(signal: AbortSignal | null = null): Promise<Session> {
  return begun(await send(api.GET("/api/v1/session", { signal })));
}

/** Who is signed in already; null if nobody is. */
export async function signedIn(): Promise<string | null> {
  const { data } = await api.GET("/api/v1/session").catch(() => ({ data: undefined }));
  return data?.name ?? null;
}

/** The other tabs of this browser: they show what is of the session that ends here. */
const tabs = new BroadcastChannel("podline.session");
tabs.onmessage = () => state.changed();

/** Begin a session with a key, or with the token of a link. Throws Problem. */
export async function signIn(secret: string): Promise<Session> {
  const headers = { Authorization: `Bearer ${secret}` };
  const session = begun(await send(api.POST("/api/v1/session", { headers })));
  tabs.postMessage(null);
  return session;
}

/** End the session, also if another tab has begun it. Throws Problem. */
export async function signOut(): Promise<void> {
  await resume();
  await send(api.DELETE("/api/v1/session"));
  tabs.postMessage(null);
  state.csrfToken = "";
  state.name = "";
}

function begun(session: Session): Session {
  state.csrfToken = session.csrf_token;
  state.name = session.name;
  return session;
}
