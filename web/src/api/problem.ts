/** One invalid field of a request: a JSON pointer, and what is wrong there. */
export interface FieldProblem {
  pointer?: string;
  detail: string;
}

/** What a problem document of the API says (RFC 9457); status 0 if there was no response. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fields: readonly FieldProblem[] = [],
    /** After how many seconds to try again, if the API says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title);
  }

  /** Whether the same request may succeed a little later. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export const UNREACHABLE = new Problem(
  0,
  "Can't reach the service",
  "The service did not respond. Check the connection.",
);

/** The problem that a response describes, whatever sent it (a proxy sends HTML). */
export function problemOf(response: Response, body: unknown): Problem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  return new Problem(
    response.status,
    text(said.title) || response.statusText || `Status ${response.status}`,
    text(said.detail),
    Array.isArray(said.errors) ? said.errors.filter(isFieldProblem) : [],
    seconds(response.headers.get("Retry-After")),
  );
}

function isFieldProblem(value: unknown): value is FieldProblem {
  const { pointer, detail } = (value ?? {}) as Record<string, unknown>;
  return typeof detail === "string" && (pointer === undefined || typeof pointer === "string");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function seconds(value: string | null): number | null {
  return value !== null && /^\d+$/.test(value) ? Number(value) : null;
}
