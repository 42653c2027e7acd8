/** How languages are called, and which mode of the editor each has. */

import { visible } from "./names.ts";

const NAMES: Readonly<Record<string, string>> = {
  python: "Python",
  javascript: "JavaScript",
  typescript: "TypeScript",
  c: "C",
  cpp: "C++",
  java: "Java",
  go: "Go",
  rust: "Rust",
  ruby: "Ruby",
  php: "PHP",
  perl: "Perl",
  bash: "Bash",
  lua: "Lua",
  r: "R",
};

const MOST_CHARACTERS = 40;

/** A language that this release doesn't know is called as the service, or a link, calls it. */
export function nameOf(language: string): string {
  const known = Object.hasOwn(NAMES, language) ? NAMES[language] : undefined;
  return known ?? visible(language.slice(0, MOST_CHARACTERS));
}

const OF_SUFFIX: Readonly<Record<string, string>> = {
  py: "python",
  js: "javascript",
  cjs: "javascript",
  mjs: "javascript",
  json: "javascript",
  ts: "typescript",
  cts: "typescript",
  mts: "typescript",
  c: "c",
  h: "cpp",
  cpp: "cpp",
  cc: "cpp",
  cxx: "cpp",
  hpp: "cpp",
  java: "java",
  go: "go",
  rs: "rust",
  rb: "ruby",
  php: "php",
  pl: "perl",
  pm: "perl",
  sh: "bash",
  lua: "lua",
  r: "r",
};

/** The language whose mode a file has, by its suffix: null is plain text. */
export function modeOf(fileName: string): string | null {
  const suffix = /\.([^./]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(OF_SUFFIX, suffix) ? (OF_SUFFIX[suffix] ?? null) : null;
}
