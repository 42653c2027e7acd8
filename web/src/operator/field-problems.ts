import type { Problem } from "../api/problem.ts";

/** What is wrong with each field of a body, by the first part of its pointer. */
export function problemsByField(problem: Problem | null): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { pointer = "", detail } of problem?.fields ?? []) {
    const name = pointer.split("/")[1] ?? "";
    found[name] = found[name] ? `${found[name]}; ${detail}` : detail;
  }
  return found;
}

/** What no field of the form shows. */
export function otherProblems(problem: Problem | null, fields: readonly string[]): string {
  if (!problem) return "";
  const byField = problemsByField(problem);
  const others = Object.entries(byField).filter(([name]) => !fields.includes(name));
  if (problem.fields.length === 0) return problem.detail || problem.title;
  return others.map(([name, detail]) => (name ? `${name}: ${detail}` : detail)).join("; ");
}
