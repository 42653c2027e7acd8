/** What can be done to the files of a program. */

import type { Draft, SourceFile } from "./model.ts";
import { isRelative, unused } from "./names.ts";

export function withContent(draft: Draft, name: string, content: string): Draft {
  return {
    ...draft,
    files: draft.files.map((file) => (file.name === name ? { ...file, content } : file)),
  };
}

/** Adds the files; one of the same name is replaced. */
export function withFiles(draft: Draft, added: readonly SourceFile[]): Draft {
  const found = new Map(draft.files.map((file) => [file.name, file]));
  for (const file of added) found.set(file.name, file);
  return { ...draft, files: [...found.values()] };
}

/** Adds an empty file, and returns its name. */
export function withNewFile(draft: Draft, suggested: string): [Draft, string] {
  const name = unused(
    suggested,
    draft.files.map((file) => file.name),
  );
  return [withFiles(draft, [{ name, content: "", encoding: "utf-8" }]), name];
}

export function renamed(draft: Draft, from: string, to: string): Draft {
  return {
    ...draft,
    files: draft.files.map((file) => (file.name === from ? { ...file, name: to } : file)),
    main: draft.main === from ? to : draft.main,
  };
}

/** The last file stays. If it was the main file, the first one is. */
export function without(draft: Draft, name: string): Draft {
  const files = draft.files.filter((file) => file.name !== name);
  const [first] = files;
  if (!first) return draft;
  return { ...draft, files, main: draft.main === name ? first.name : draft.main };
}

/** The file that is beside a removed one, for the editor. */
export function neighbour(files: readonly SourceFile[], name: string): string {
  const at = files.findIndex((file) => file.name === name);
  return (files[at + 1] ?? files[at - 1])?.name ?? "";
}

/**
 * Names of what was dropped: of one folder, relative to it. Hidden files are left out, as the
 * client and the command line leave them out, and so is what could not be a name.
 */
export function wantedPaths(paths: readonly string[]): Map<string, string> {
  const top = commonTop(paths);
  const found = paths
    .map((path) => [path, path.slice(top.length)] as const)
    .filter(([, name]) => isRelative(name) && !name.split("/").some(isHidden));
  return new Map(found);
}

function commonTop(paths: readonly string[]): string {
  const top = /^[^/]+\//.exec(paths[0] ?? "")?.[0] ?? "";
  return paths.every((path) => path.startsWith(top)) ? top : "";
}

function isHidden(part: string): boolean {
  return part.startsWith(".") || part === "__pycache__";
}
