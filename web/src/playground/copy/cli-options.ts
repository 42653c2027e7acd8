/** The options of `podline run` and `podline judge`. */

import { type JsonObject, isObject } from "../json.ts";
import { bound } from "./cli-parts.ts";
import { shellWord } from "./quoting.ts";

export function options(sent: JsonObject, site: string): string[] {
  const has = (name: string): boolean =>
    sent[name] !== undefined || sent[`${name}_base64`] !== undefined;
  return [
    option("entrypoint", sent.entrypoint),
    option("language", sent.language),
    ...(has("version") ? [option("version", sent.version)] : []),
    ...(has("stdin") ? [`--stdin "$folder"/stdin`] : []),
    ...(has("expected_output") ? [`--expected "$folder"/expected`] : []),
    ...each("arg", sent.args),
    ...each("compile-arg", sent.compile_args),
    ...pairs("env", sent.env),
    ...pairs("label", sent.labels),
    ...limits("", sent.limits),
    ...limits("compile-", sent.compile_limits),
    ...(sent.streams === "merged" ? ["--merge-streams"] : []),
    ...(has("buffering") ? [option("buffering", sent.buffering)] : []),
    ...(has("compare") ? [option("compare", comparison(sent.compare))] : []),
    ...(sent.stop_on_failure ? ["--stop-on-failure"] : []),
    ...each("artifact", sent.artifacts),
    ...(has("priority") ? [option("priority", sent.priority)] : []),
    ...(has("callback_url") ? [option("callback-url", sent.callback_url)] : []),
    option("url", site),
  ];
}

/** In one word, because a value may begin with a hyphen. */
function option(name: string, value: unknown): string {
  return `--${name}=${shellWord(String(value))}`;
}

function each(name: string, values: unknown): string[] {
  return Array.isArray(values) ? values.map((value) => option(name, value)) : [];
}

function pairs(name: string, values: unknown): string[] {
  if (!isObject(values)) return [];
  return Object.entries(values).map(([key, value]) => option(name, `${key}=${String(value)}`));
}

function limits(prefix: string, values: unknown): string[] {
  if (!isObject(values)) return [];
  return Object.entries(values).map(([name, value]) =>
    option(prefix + name.replaceAll("_", "-"), value),
  );
}

function comparison(compare: unknown): unknown {
  return isObject(compare) ? `numbers:${bound(compare)}` : compare;
}
