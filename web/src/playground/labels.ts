/** What the form calls its fields, for problems that the service reports by JSON pointer. */

import type { Draft, LimitName } from "./model.ts";
import { visible } from "./names.ts";
import { entryAt, fieldAt } from "./pointer.ts";

export const LIMIT_LABELS: Readonly<Record<LimitName, string>> = {
  wall_seconds: "Wall time, s",
  cpu_seconds: "CPU time, s",
  memory_mib: "Memory, MiB",
  stack_mib: "Stack, MiB",
  processes: "Processes",
  output_kib: "Output, KiB",
  disk_mib: "Disk, MiB",
};

const LABELS: Readonly<Record<string, string>> = {
  language: "Language",
  version: "Version",
  files: "Files",
  entrypoint: "Main file",
  stdin: "Standard input",
  args: "Arguments",
  env: "Environment",
  expected_output: "Expected output",
  compare: "Compare",
  tests: "Tests",
  limits: "Limits",
  stop_on_failure: "Skip the tests after the first that fails",
  compile_args: "Arguments of the compiler",
  artifacts: "Files to keep",
  streams: "stdout and stderr",
  buffering: "Buffering",
  ...Object.fromEntries(
    Object.entries(LIMIT_LABELS).map(([name, label]) => [
      `limits.${name}`,
      label.replace(/, .*/, ""), // without the unit
    ]),
  ),
};
const ITEMS: Readonly<Record<string, string>> = {
  args: "Argument",
  compile_args: "Compiler argument",
  artifacts: "Pattern",
};
const COLUMNS: Readonly<Record<string, string>> = {
  name: "name",
  stdin: "input",
  expected: "expected output",
  points: "points",
};

/** The label of the field that a pointer names; null if the form has none for it. */
export function labelAt(pointer: string, draft: Draft): string | null {
  const { name, index } = fieldAt(pointer);
  if (name === "env") return variable(entryAt(pointer));
  if (index === null) return LABELS[name] ?? null;
  if (name === "files") return fileLabel(draft, index);
  if (name.startsWith("tests.")) return testLabel(name, index);
  return `${ITEMS[name] ?? LABELS[name]} ${index + 1}`;
}

function variable(name: string | null): string {
  return name === null ? "Environment" : `Variable ${visible(name)}`;
}

function fileLabel({ files }: Draft, index: number): string {
  const name = files[index]?.name;
  return name === undefined ? "Files" : `File ${visible(name)}`;
}

function testLabel(name: string, index: number): string {
  const column = COLUMNS[name.slice("tests.".length)];
  return `Test ${index + 1}${column ? `, ${column}` : ""}`;
}
