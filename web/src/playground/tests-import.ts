/** Tests from files, in the forms that judges use, as the Python client reads them. */

import { base64Of, textOf } from "./bytes.ts";
import type { JsonObject } from "./json.ts";
import type { TestRow } from "./model.ts";

export interface NamedBytes {
  /** Relative to what was dropped, with `/` between folders. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Imported {
  readonly tests: readonly TestRow[];
  /** What looks like tests and can't be imported, and why. */
  readonly problems: readonly string[];
  /** Files that belong to none of the tests. */
  readonly others: readonly NamedBytes[];
}

const ANSWERS = [".out", ".ans"] as const;

/** Pairs such as 1.in and 1.out or 1.ans, also in folders; or the folders input and output. */
export function testsIn(files: readonly NamedBytes[]): Imported {
  const pairs = files.some((file) => isInput(file.path))
    ? besideEachOther(files)
    : ofTwoFolders(files);
  const sorted = [...pairs].sort(([a], [b]) => naturally(a, b));
  const tests: TestRow[] = [];
  const used = new Set<NamedBytes>();
  for (const [name, { input, answer }] of sorted) {
    if (!answer) continue;
    tests.push(testOf(name, input.bytes, answer.bytes));
    used.add(input).add(answer);
  }
  const alone = sorted.filter(([, pair]) => !pair.answer).map(([name]) => name);
  const others = files.filter((file) => !used.has(file));
  return { tests, problems: problemsOf(tests, alone), others };
}

/** `2` comes before `10`. */
export function naturally(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compared(left[at], right[at]);
    if (order) return order;
  }
  return 0;
}

function partsOf(name: string): string[] {
  return name.split(/([0-9]+)/).filter(Boolean);
}

function compared(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const digits = [/^[0-9]/.test(a), /^[0-9]/.test(b)];
  if (digits[0] !== digits[1]) return digits[0] ? 1 : -1;
  const difference = digits[0] ? BigInt(a) - BigInt(b) : 0n;
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return digits[0] || a === b ? 0 : a < b ? -1 : 1;
}

interface Pair {
  readonly input: NamedBytes;
  readonly answer: NamedBytes | undefined;
}

function besideEachOther(files: readonly NamedBytes[]): Map<string, Pair> {
  const found = new Map(files.map((file) => [file.path, file]));
  const inputs = files.filter((file) => isInput(file.path));
  const shared = commonFolder(inputs.map((file) => file.path));
  return new Map(
    inputs.map((input) => {
      const stem = withoutSuffix(input.path);
      const answer = ANSWERS.map((suffix) => found.get(stem + suffix)).find(Boolean);
      return [stem.slice(shared.length), { input, answer }];
    }),
  );
}

const FOLDERS = /(^|\/)(input|output)\//;

function ofTwoFolders(files: readonly NamedBytes[]): Map<string, Pair> {
  const answers = new Map<string, NamedBytes>();
  const inputs: [string, NamedBytes][] = [];
  for (const file of files) {
    const folder = FOLDERS.exec(file.path);
    if (!folder) continue;
    const key = keyOf(file.path.slice(folder.index + folder[0].length));
    if (folder[2] === "output") answers.set(key, file);
    else inputs.push([key, file]);
  }
  return new Map(inputs.map(([key, input]) => [key, { input, answer: answers.get(key) }]));
}

/** The name without suffix, and without the words that tell input from output. */
function keyOf(path: string): string {
  const name = path.replace(/\.[^./]*$/, "");
  return name.replaceAll("input", "").replaceAll("output", "") || name;
}

function isInput(path: string): boolean {
  return path.endsWith(".in");
}

function withoutSuffix(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}

/** With its last `/`; Kattis' sample and secret are part of the names. */
function commonFolder(paths: readonly string[]): string {
  const [first = "", ...others] = paths;
  const folders = first.split("/").slice(0, -1);
  while (folders.length && !others.every((path) => path.startsWith(`${folders.join("/")}/`)))
    folders.pop();
  while (folders.length && /^(sample|secret)$/.test(folders.at(-1) ?? "")) folders.pop();
  return folders.length ? `${folders.join("/")}/` : "";
}

function testOf(name: string, input: Uint8Array, answer: Uint8Array): TestRow {
  const [stdin, expected] = [textOf(input), textOf(answer)];
  const rest: JsonObject = {};
  if (stdin === null) rest.stdin_base64 = base64Of(input);
  if (expected === null) rest.expected_output_base64 = base64Of(answer);
  return { name, stdin, expected, points: null, rest };
}

function problemsOf(complete: readonly TestRow[], alone: readonly string[]): string[] {
  if (!complete.length && !alone.length) {
    return [
      "There are no tests in these files. Tests are pairs such as 1.in and 1.out, or the folders input and output.",
    ];
  }
  return alone.map((name) => `${name} has no expected output: add ${name}.out or ${name}.ans.`);
}
