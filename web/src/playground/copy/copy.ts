import type { JsonObject } from "../json.ts";
import { TooLarge, fragmentOf } from "../share.ts";
import { withSource } from "../submission.ts";
import { NotPossible } from "./cli-parts.ts";
import { cli } from "./cli.ts";
import { curl } from "./curl.ts";
import { python } from "./python.ts";

/** A text to copy, or the reason why there is none. */
export interface Copy {
  readonly text?: string;
  readonly reason?: string;
}

type Writer = (submission: JsonObject, site: string, usualName: string) => string | Promise<string>;

const WRITERS: Readonly<Record<"link" | "curl" | "python" | "cli", Writer>> = {
  link: async (submission, site) => `${site}/${await fragmentOf(submission)}`,
  curl: (submission, site, usualName) => curl(withSource(submission, usualName), site),
  python: (submission, site, usualName) => python(withSource(submission, usualName), site),
  cli,
};

/** The submission in one of the forms, for the service at `site`. */
export async function copyAs(
  format: keyof typeof WRITERS,
  submission: JsonObject,
  site: string,
  usualName: string,
): Promise<Copy> {
  try {
    return { text: await WRITERS[format](submission, site, usualName) };
  } catch (error) {
    if (error instanceof TooLarge || error instanceof NotPossible) return { reason: error.message };
    throw error;
  }
}
