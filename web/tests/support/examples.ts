// What the API says of things, in full: tests give only what they are about.
import type { components } from "../../src/api/schema.d.ts";

type Schemas = components["schemas"];
export type Execution = Schemas["Execution"];

const NOBODY = { started_at: null, finished_at: null, message: null, callback: null };

/** One execution of ada's, which waits. */
export function execution(more: object = {}): Execution {
  return {
    id: "01A",
    state: "queued",
    version: "3.12",
    language: "python",
    attempt: 0,
    priority: "normal",
    owner: "ada",
    labels: {},
    batch_id: null,
    retry_of: null,
    retried_as: null,
    outcome: null,
    result: null,
    queue_position: null,
    created_at: "2026-11-29T12:00:00Z",
    limits: {
      wall_seconds: 10,
      cpu_seconds: 5,
      memory_mib: 64,
      output_kib: 100,
      processes: 8,
    },
    ...NOBODY,
    ...more,
  } as unknown as Execution;
}

/** What a program did that succeeded. */
export function result(more: object = {}): Schemas["Result"] {
  return {
    stdout: "",
    stderr: "",
    stdout_bytes: 0,
    stderr_bytes: 0,
    stdout_truncated: false,
    stderr_truncated: false,
    exit_code: 0,
    signal: null,
    stopped_by: null,
    wall_ms: 1500,
    cpu_ms: 100,
    memory_peak_kib: 32 * 1024,
    artifacts: [],
    artifacts_left_out: [],
    compile: null,
    tests: null,
    points: null,
    points_max: null,
    ...more,
  } as unknown as Schemas["Result"];
}

export function completed(outcome: string, more: object = {}): Execution {
  return execution({ state: "completed", outcome, attempt: 1, result: result(), ...more });
}

/** How a test of a program ended. */
export function testResult(more: object = {}): Schemas["TestResult"] {
  return {
    name: "1",
    outcome: "success",
    exit_code: 0,
    signal: null,
    stopped_by: null,
    wall_ms: 10,
    cpu_ms: 5,
    memory_peak_kib: 1024,
    stdout: "",
    stderr: "",
    stdout_bytes: 0,
    stderr_bytes: 0,
    message: null,
    points: null,
    ...more,
  } as unknown as Schemas["TestResult"];
}
