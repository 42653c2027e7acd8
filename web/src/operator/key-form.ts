import type { components } from "../api/schema.d.ts";

type Body = components["schemas"]["NewKey"];

/** The request of a form: fields that are empty are not sent. */
export function bodyOf(field: (name: string) => string): Body {
  return {
    name: field("name"),
    role: field("role") as NonNullable<Body["role"]>,
    door: (field("door") || null) as NonNullable<Body["door"]> | null,
    ...limitsOf(field),
  };
}

/** The limits of a form: for those that are empty, the service's settings. */
export function limitsOf(
  field: (name: string) => string,
): Required<components["schemas"]["ChangedLimits"]> {
  const number = (name: string) => (field(name) === "" ? null : Number(field(name)));
  return {
    max_unfinished: number("max_unfinished"),
    requests: field("requests") || null,
    cpu_day: number("cpu_day"),
  };
}
