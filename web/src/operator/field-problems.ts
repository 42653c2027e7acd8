import type { Problem } from "../api/problem.ts";

/** What a form calls the fields of a body. */
export type Labels = Readonly<Record<string, string>>;

/** What is wrong with each field of a body, by the first part of its pointer, in the form's words. */
export function problemsByField(
  problem: Problem | null,
  labels: Labels,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { pointer = "", detail } of problem?.fields ?? []) {
    const name = pointer.split("/")[1] ?? "";
    const said = inWordsOf(labels, detail);
    found[name] = found[name] ? `${found[name]}; ${said}` : said;
  }
  return found;
}

/** What no field of the form shows; `shown` are those that it has now. */
export function otherProblems(
  problem: Problem | null,
  labels: Labels,
  shown: readonly string[] = Object.keys(labels),
): string {
  if (!problem) return "";
  if (problem.fields.length === 0) return problem.detail || problem.title;
  return Object.entries(problemsByField(problem, labels))
    .filter(([name]) => !shown.includes(name))
    .map(([name, detail]) => (name ? `${labels[name] ?? name}: ${detail}` : detail))
    .join("; ");
}

/** The API quotes the names of other fields, as in "must be after `from`". */
function inWordsOf(labels: Labels, detail: string): string {
  return detail.replace(/`(\w+)`/g, (quoted, name: string) => labels[name] ?? quoted);
}
