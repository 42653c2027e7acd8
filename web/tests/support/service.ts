import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { session } from "../../src/api/client.ts";
import { trouble } from "../../src/api/trouble.ts";
import { ORIGIN, put } from "./browser.ts";
import { leaveAll } from "./places.ts";

/** A request that the page has sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly search: URLSearchParams;
  readonly headers: Headers;
  /** The body: JSON is parsed. */
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** What the service says: a Response, or the JSON of one with status 200. */
type Answer = object | string | number | null | ((sent: Sent) => unknown);

/** Where the page's requests arrive, instead of the network. */
export class Service {
  readonly requests: Sent[] = [];
  readonly unexpected: string[] = [];
  pending = 0;
  #answers = new Map<string, Answer>();

  /** From now on, say this to `GET /api/v1/keys`; a path may end in `*`. */
  on(route: string, answer: Answer): this {
    this.#answers.set(route, answer);
    return this;
  }

  /** What was sent there. */
  sent(route: string): Sent[] {
    return this.requests.filter((each) => matches(route, `${each.method} ${each.path}`));
  }

  /** The only request that was sent there. */
  only(route: string): Sent {
    const found = this.sent(route);
    assert.equal(found.length, 1, `${route}: ${found.length} requests`);
    return found[0] as Sent;
  }

  fetch = async (given: Request | string | URL, options?: RequestInit): Promise<Response> => {
    const request = given instanceof Request ? given : new Request(new URL(given, ORIGIN), options);
    this.pending += 1;
    try {
      return await this.#answer(await read(request));
    } finally {
      this.pending -= 1;
    }
  };

  async #answer(sent: Sent): Promise<Response> {
    this.requests.push(sent);
    if (sent.signal.aborted) throw new DOMException("aborted", "AbortError");
    const name = `${sent.method} ${sent.path}`;
    const route = [...this.#answers.keys()].filter((each) => matches(each, name)).at(-1);
    if (route === undefined) {
      this.unexpected.push(name);
      return problem(404, "Not found");
    }
    const answer = this.#answers.get(route);
    const said: unknown = await (typeof answer === "function" ? answer(sent) : answer);
    return said instanceof Response ? said : json(said);
  }
}

function matches(route: string, name: string): boolean {
  return route.endsWith("*") ? name.startsWith(route.slice(0, -1)) : route === name;
}

async function read(request: Request): Promise<Sent> {
  const { method, headers, signal } = request;
  const { pathname: path, searchParams: search } = new URL(request.url);
  const text = await request.text();
  const isJson = headers.get("Content-Type")?.includes("json") ?? false;
  const body: unknown = text && isJson ? JSON.parse(text) : text;
  return { method, path, search, query: Object.fromEntries(search), headers, body, signal };
}

/** JSON, as the API sends it. */
export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json" },
  });
}

/** A problem document (RFC 9457). */
export function problem(
  status: number,
  title: string,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ status, title, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

/** A service for one test. Fails if the page asks for anything that it doesn't know. */
export function serve(test: TestContext, answers: Record<string, Answer> = {}): Service {
  const service = new Service();
  for (const [route, answer] of Object.entries(answers)) service.on(route, answer);
  const before = put("fetch", service.fetch);
  Object.assign(session, { csrfToken: "token-1", name: "ada", changed() {}, ended() {} });
  test.after(() => {
    leaveAll(); // What is still shown might ask again.
    put("fetch", before);
    trouble.report(null);
    assert.deepEqual(service.unexpected, []);
  });
  return service;
}
