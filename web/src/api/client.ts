import createClient, { type Middleware } from "openapi-fetch";
import { Problem, UNREACHABLE, problemOf } from "./problem.ts";
import { trouble } from "./trouble.ts";
import type { paths } from "./schema.d.ts";

/** What to know of the session's state; the shell sets both. */
export const session = {
  csrfToken: "",
  /** Whose it is. */
  name: "",
  /** Called when another tab has begun or ended a session. */
  changed: () => {},
  /** Called when the API says that there is no session any more. */
  ended: () => {},
};

const CSRF_HEADER = "X-CSRF-Token";
const SAFE = new Set(["GET", "HEAD"]);

/** Add the session's CSRF token to a request that changes something. */
const csrf: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set(CSRF_HEADER, session.csrfToken);
    return request;
  },
};

/** The documented API: `api.GET("/api/v1/limits")`, with the types of /openapi.json. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: reach });
api.use(csrf);

async function reach(request: Request): Promise<Response> {
  if (SAFE.has(request.method)) return fetched(request);
  const again = request.clone();
  const response = await fetched(request);
  if (response.status !== 403 || !(await renewed(response.clone()))) return response;
  again.headers.set(CSRF_HEADER, session.csrfToken);
  return fetched(again);
}

/**
 * Whether a request was refused for its CSRF token and there is another: that of a new session of
 * the same owner. Nothing that somebody wrote is sent in the name of another. Throws Problem.
 */
async function renewed(response: Response): Promise<boolean> {
  if (!(await response.text()).includes(CSRF_HEADER)) return false;
  const before = session.csrfToken;
  const { data } = await api.GET("/api/v1/session");
  if (data && data.name !== session.name) {
    session.changed();
    throw new Problem(
      409,
      "Somebody else is signed in",
      `Another tab has signed in as ${data.name}, so nothing was sent.`,
    );
  }
  session.csrfToken = data?.csrf_token ?? before;
  return session.csrfToken !== before;
}

async function fetched(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.status < 502) trouble.report(null);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    trouble.report(UNREACHABLE);
    throw UNREACHABLE;
  }
}

/** The problem of a response; the shell hears of those that concern every page. */
function refused(response: Response, body: unknown): Problem {
  const problem = problemOf(response, body);
  if (problem.status === 401) session.ended();
  if (problem.status >= 502) trouble.report(problem);
  return problem;
}

/** Either kind of what openapi-fetch returns. */
interface Returned<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** The body of a successful response. Throws Problem. */
export async function send<T>(returned: Promise<Returned<T>>): Promise<T> {
  const { data, error, response } = await returned;
  if (response.ok) return data as T;
  throw refused(response, error);
}

/** A request for bytes or a stream, which have no type. Throws Problem. */
export async function open(path: string, options: RequestInit = {}): Promise<Response> {
  const response = await reach(new Request(new URL(path, location.origin), options));
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw refused(response, body);
}
