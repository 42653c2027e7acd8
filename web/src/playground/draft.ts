/** A submission as the form shows it: from a link, the browser's store, or an execution. */

import { bytesOf, textOf } from "./bytes.ts";
import * as json from "./json.ts";
import {
  LIMITS,
  type Compare,
  type Draft,
  type Limits,
  type SourceFile,
  type TestRow,
} from "./model.ts";

type Fields = Record<string, unknown>;

const HAS_CONTROL = new Set([
  "language",
  "version",
  "source",
  "files",
  "entrypoint",
  "stdin",
  "args",
  "env",
  "compile_args",
  "limits",
  "streams",
  "buffering",
  "expected_output",
  "compare",
  "tests",
  "stop_on_failure",
  "artifacts",
]);
const HAS_COLUMN = new Set(["name", "stdin", "expected_output", "points"]);

/** null if it is not a submission. `usualName` is the file name of a single source. */
export function draftOf(
  submission: unknown,
  usualName: (language: string) => string,
): Draft | null {
  try {
    return read(json.object(submission), usualName);
  } catch (error) {
    if (error instanceof json.Unexpected) return null;
    throw error;
  }
}

function read(sent: Fields, usualName: (language: string) => string): Draft {
  const language = json.text(sent.language);
  const files = filesOf(sent, usualName(language));
  const input = stdinOf(sent);
  return {
    language,
    version: json.optional(json.text, null)(sent.version),
    files,
    main: mainOf(sent, files, usualName(language)),
    stdin: input.stdin ?? "",
    args: texts(sent.args),
    env: json.optional(json.entries(json.text), [])(sent.env),
    compileArgs: texts(sent.compile_args),
    limits: limitsOf(sent.limits),
    expected: json.optional(json.text, null)(sent.expected_output),
    compare: compareOf(sent.compare),
    tests: json.optional(json.list(testOf), [])(sent.tests),
    stopOnFailure: json.optional(json.flag, false)(sent.stop_on_failure),
    artifacts: texts(sent.artifacts),
    streams: json.optional(json.oneOf("separate", "merged"), "separate")(sent.streams),
    buffering: json.optional(json.oneOf("line", "block"), null)(sent.buffering),
    rest: restOf(sent, HAS_CONTROL, input.understood),
  };
}

const texts = json.optional(json.list(json.text), []);

function filesOf(sent: Fields, usualName: string): SourceFile[] {
  if (typeof sent.source === "string") {
    return [{ name: usualName, content: sent.source, encoding: "utf-8" }];
  }
  const files = json.list(fileOf)(sent.files);
  if (!files.length) throw new json.Unexpected();
  return files;
}

/** Bytes that are a text are shown as one. */
function fileOf(value: unknown): SourceFile {
  const file = json.object(value);
  const [name, content] = [json.text(file.name).replace(/^\.\//, ""), json.text(file.content)];
  const encoding = json.optional(json.oneOf("utf-8", "base64"), "utf-8")(file.encoding);
  const decoded = encoding === "base64" ? textIn(content) : null;
  return decoded === null
    ? { name, content, encoding }
    : { name, content: decoded, encoding: "utf-8" };
}

function mainOf(sent: Fields, files: readonly SourceFile[], usualName: string): string {
  const named = json.optional(json.text, null)(sent.entrypoint)?.replace(/^\.\//, "");
  const found = files.find((file) => file.name === (named ?? usualName)) ?? files[0];
  return found?.name ?? "";
}

interface Input {
  stdin: string | null;
  /** The field of base64 that `stdin` says already. */
  understood: string | null;
}

function stdinOf(sent: Fields): Input {
  const stdin = json.optional(json.text, null)(sent.stdin);
  const encoded = json.optional(json.text, null)(sent.stdin_base64);
  const decoded = stdin === null && encoded !== null ? textIn(encoded) : null;
  return decoded === null
    ? { stdin, understood: null }
    : { stdin: decoded, understood: "stdin_base64" };
}

function textIn(base64: string): string | null {
  const bytes = bytesOf(base64);
  return bytes && textOf(bytes);
}

function limitsOf(value: unknown): Limits {
  const sent = json.optional(json.object, {} as Fields)(value);
  const limits = LIMITS.filter((name) => sent[name] !== undefined && sent[name] !== null);
  return Object.fromEntries(limits.map((name) => [name, json.number(sent[name])]));
}

function compareOf(value: unknown): Compare {
  if (!json.isObject(value))
    return json.optional(json.oneOf("exact", "lines", "tokens"), null)(value);
  const bounds = json.object(value.numbers);
  const bound = json.optional(json.number, 0);
  return { numbers: { absolute: bound(bounds.absolute), relative: bound(bounds.relative) } };
}

function testOf(value: unknown): TestRow {
  const sent = json.object(value);
  const { stdin, understood } = stdinOf(sent);
  return {
    name: json.optional(json.text, "")(sent.name),
    stdin,
    expected: json.optional(json.text, null)(sent.expected_output),
    points: json.optional(json.number, null)(sent.points),
    rest: restOf(sent, HAS_COLUMN, understood),
  };
}

function restOf(
  sent: Fields,
  shown: ReadonlySet<string>,
  understood: string | null,
): json.JsonObject {
  const others = Object.entries(sent).filter(
    ([name, value]) => !shown.has(name) && name !== understood && value !== null,
  );
  return Object.fromEntries(others.map(([name, value]) => [name, json.json(value)]));
}
