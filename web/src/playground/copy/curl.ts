import type { JsonObject } from "../json.ts";
import { jsonText, shellWord } from "./quoting.ts";

const LONGEST_WAIT = 60;

/** A command that submits the program and waits for its end. No line of JSON is the last word. */
export function curl(submission: JsonObject, site: string): string {
  const url = shellWord(`${site}/api/v1/executions?wait=${LONGEST_WAIT}`);
  return [
    `curl -sS ${url} \\`,
    `  -H "Authorization: Bearer $PODLINE_KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  --data-binary @- <<'END_OF_SUBMISSION'`,
    jsonText(submission),
    "END_OF_SUBMISSION",
    "",
  ].join("\n");
}
