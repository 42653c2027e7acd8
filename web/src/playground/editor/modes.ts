/** The editor's mode of each language, loaded when a file of that language is first opened. */

import { type LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";

type Mode = LanguageSupport | StreamLanguage<unknown>;

async function legacy(parser: Promise<StreamParser<unknown>>): Promise<Mode> {
  return StreamLanguage.define(await parser);
}

const MODES = new Map<string, () => Promise<Mode>>(
  Object.entries({
    python: async () => (await import("@codemirror/lang-python")).python(),
    javascript: async () => (await import("@codemirror/lang-javascript")).javascript(),
    typescript: async () =>
      (await import("@codemirror/lang-javascript")).javascript({ typescript: true }),
    c: async () => (await import("@codemirror/lang-cpp")).cpp(),
    cpp: async () => (await import("@codemirror/lang-cpp")).cpp(),
    java: async () => (await import("@codemirror/lang-java")).java(),
    go: async () => (await import("@codemirror/lang-go")).go(),
    rust: async () => (await import("@codemirror/lang-rust")).rust(),
    php: async () => (await import("@codemirror/lang-php")).php(),
    ruby: () => legacy(import("@codemirror/legacy-modes/mode/ruby").then((mode) => mode.ruby)),
    perl: () => legacy(import("@codemirror/legacy-modes/mode/perl").then((mode) => mode.perl)),
    bash: () => legacy(import("@codemirror/legacy-modes/mode/shell").then((mode) => mode.shell)),
    lua: () => legacy(import("@codemirror/legacy-modes/mode/lua").then((mode) => mode.lua)),
    r: () => legacy(import("@codemirror/legacy-modes/mode/r").then((mode) => mode.r)),
  }),
);

/** An empty list for plain text, and if the mode can't be loaded: the text can be edited anyway. */
export async function loadMode(language: string | null): Promise<Mode | []> {
  const load = MODES.get(language ?? "");
  return load ? load().catch(() => []) : [];
}
