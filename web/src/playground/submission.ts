/** The form as a submission. Links, the browser's store and requests all have this one form. */

import type { Json, JsonObject } from "./json.ts";
import type { Compare, Draft, SourceFile, TestRow } from "./model.ts";

/** What is empty is left out, so that it takes its default. */
export function submissionOf(draft: Draft): JsonObject {
  return given({
    language: draft.language,
    version: draft.version,
    files: draft.files.map(fileOf),
    entrypoint: draft.main,
    stdin: draft.stdin || null,
    args: filled(draft.args),
    env: variables(draft.env),
    compile_args: filled(draft.compileArgs),
    limits: Object.keys(draft.limits).length ? { ...draft.limits } : null,
    streams: draft.streams === "merged" ? "merged" : null,
    buffering: draft.buffering,
    expected_output: draft.expected,
    compare: compareOf(draft.compare),
    tests: draft.tests.length ? draft.tests.map(testOf) : null,
    stop_on_failure: draft.stopOnFailure || null,
    artifacts: filled(draft.artifacts),
    ...draft.rest,
  });
}

/** A single file with the language's usual name needs no list: people read it more easily. */
export function withSource(submission: JsonObject, usualName: string | undefined): JsonObject {
  const { files, entrypoint, ...others } = submission;
  const only = Array.isArray(files) && files.length === 1 ? (files[0] as JsonObject) : undefined;
  const plain = only?.name === usualName && entrypoint === usualName && !only?.encoding;
  if (!only || !plain || String(only.content).startsWith("\ufeff")) return submission;
  const { language, version, ...rest } = others;
  return given({
    language: language ?? null,
    version: version ?? null,
    source: only.content ?? "",
    ...rest,
  });
}

function fileOf(file: SourceFile): JsonObject {
  const { name, content } = file;
  return file.encoding === "utf-8" ? { name, content } : { name, content, encoding: "base64" };
}

function testOf(test: TestRow): JsonObject {
  return given({
    name: test.name || null,
    stdin: test.stdin,
    expected_output: test.expected,
    points: test.points,
    ...test.rest,
  });
}

function compareOf(compare: Compare): Json {
  if (compare === null || typeof compare === "string") return compare;
  return { numbers: { ...compare.numbers } };
}

function filled(texts: readonly string[]): Json {
  return texts.length ? [...texts] : null;
}

/** A row in which nothing has been written is no variable. */
function variables(env: Draft["env"]): Json {
  const written = env.filter(([name, value]) => name || value);
  return written.length ? Object.fromEntries(written) : null;
}

function given(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
