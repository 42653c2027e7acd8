/** The program that is being written, as the form has it. */

import type { JsonObject } from "./json.ts";

export const LIMITS = [
  "wall_seconds",
  "cpu_seconds",
  "memory_mib",
  "stack_mib",
  "processes",
  "output_kib",
  "disk_mib",
] as const;
export type LimitName = (typeof LIMITS)[number];
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

export interface SourceFile {
  readonly name: string;
  readonly content: string;
  readonly encoding: "utf-8" | "base64";
}

export interface Bounds {
  readonly absolute: number;
  readonly relative: number;
}
/** null leaves it to the service. */
export type Compare = "exact" | "lines" | "tokens" | { readonly numbers: Bounds } | null;

export interface TestRow {
  /** Empty: its number. */
  readonly name: string;
  /** null: as in the submission. */
  readonly stdin: string | null;
  /** null: not compared, or as in the submission. */
  readonly expected: string | null;
  readonly points: number | null;
  /** Fields that the table doesn't show; they are sent unchanged. */
  readonly rest: JsonObject;
}

export interface Draft {
  readonly language: string;
  /** null: the newest. */
  readonly version: string | null;
  readonly files: readonly SourceFile[];
  /** The name of the file to start. */
  readonly main: string;
  readonly stdin: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly compileArgs: readonly string[];
  readonly limits: Limits;
  readonly expected: string | null;
  readonly compare: Compare;
  readonly tests: readonly TestRow[];
  readonly stopOnFailure: boolean;
  readonly artifacts: readonly string[];
  readonly streams: "separate" | "merged";
  readonly buffering: "line" | "block" | null;
  /** Fields that have no control of their own, such as `labels` and `checker`. */
  readonly rest: JsonObject;
}

export const NEW_TEST: TestRow = { name: "", stdin: "", expected: null, points: null, rest: {} };

/** A program of one file, and nothing else. */
export function draftWith(language: string, name: string, content: string): Draft {
  return {
    language,
    version: null,
    files: [{ name, content, encoding: "utf-8" }],
    main: name,
    stdin: "",
    args: [],
    env: [],
    compileArgs: [],
    limits: {},
    expected: null,
    compare: null,
    tests: [],
    stopOnFailure: false,
    artifacts: [],
    streams: "separate",
    buffering: null,
    rest: {},
  };
}
