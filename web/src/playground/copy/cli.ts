/** A script that writes the program's files and runs it with the command `podline`. */

import { base64Of, bytesOf } from "../bytes.ts";
import type { JsonObject } from "../json.ts";
import { check } from "./cli-check.ts";
import { options } from "./cli-options.ts";
import { type File, type Test, binaryOnly, nameOf, stdinOf } from "./cli-parts.ts";
import { isPlain, shellWord } from "./quoting.ts";

/** The submission has `files`, not `source`. Throws NotPossible with the reason. */
export function cli(submission: JsonObject, site: string): string {
  check(submission);
  const tests = (submission.tests ?? null) as Test[] | null;
  const files = submission.files as unknown as File[];
  const writes = [
    ...files.map(programFile),
    ...inputs(submission),
    ...(tests ?? []).flatMap(testFiles),
  ];
  const folders = new Set(writes.map(([path]) => path.split("/").slice(0, -1).join("/")));
  const command = [
    "podline",
    tests ? "judge" : "run",
    `"$folder"/program`,
    ...(tests ? [`"$folder"/tests`] : []),
  ];
  return [
    "folder=$(mktemp -d)",
    `mkdir -p ${[...folders].map((path) => inFolder(path)).join(" ")}`,
    ...writes.map(([path, content]) => written(path, content)),
    [...command, ...options(submission, site)].join(" \\\n  ") + " </dev/null",
    `rm -r "$folder"`,
    "",
  ].join("\n");
}

/** A path below the script's folder, and what the file has. */
type Write = readonly [string, Uint8Array | string];

function programFile(file: File): Write {
  const content =
    file.encoding === "base64" ? (bytesOf(file.content) ?? file.content) : file.content;
  return [`program/${file.name}`, content];
}

function inputs(submission: JsonObject): Write[] {
  const [stdin, expected] = [stdinOf(submission), submission.expected_output];
  const binary = submission.expected_output_base64;
  const output = typeof binary === "string" ? binaryOnly(binary) : expected;
  const found: [string, unknown][] = [
    ["stdin", stdin],
    ["expected", output],
  ];
  return found.flatMap(([path, content]) => (isContent(content) ? [[path, content] as const] : []));
}

function isContent(content: unknown): content is Uint8Array | string {
  return typeof content === "string" || content instanceof Uint8Array;
}

function testFiles(test: Test, index: number): Write[] {
  const path = `tests/${nameOf(test, index)}`;
  return [
    [`${path}.in`, stdinOf(test) ?? ""],
    [`${path}.out`, test.expected_output ?? ""],
  ];
}

function inFolder(path: string): string {
  return path ? `"$folder"/${shellWord(path)}` : `"$folder"`;
}

/** What a terminal would not show is written as base64. */
function written(path: string, content: Uint8Array | string): string {
  if (typeof content === "string" && isPlain(content))
    return `printf %s ${shellWord(content)} >${inFolder(path)}`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return `printf %s ${shellWord(base64Of(bytes))} | base64 -d >${inFolder(path)}`;
}
