import { api, send } from "../api/client.ts";
import { type Connection, type ServerEvent, follow } from "../api/events.ts";
import type { Problem } from "../api/problem.ts";
import type { components } from "../api/schema.d.ts";
import { bytes } from "../parts/format.ts";
import { Assembly, type Printed } from "./assembly.ts";
import { Output } from "./output.ts";
import type { Change } from "./timeline.ts";

export type Execution = components["schemas"]["Execution"];

/** The data of a `state` event. */
interface StateEvent {
  readonly state: Execution["state"];
  readonly version: number;
  readonly attempt: number;
  readonly time: string;
  readonly message: string | null;
}

const TERMINAL = new Set(["completed", "failed", "cancelled"]);

export function isTerminal(execution: { state: string }): boolean {
  return TERMINAL.has(execution.state);
}

/** How often the queue position is asked for: no event reports it. */
const QUEUE_MS = 2_000;

/** One execution as it happens: what is known of it, and what it has printed. */
export class Followed {
  execution: Execution | null = null;
  problem: Problem | null = null;
  connection: Connection = { as: "connecting" };
  readonly output = new Output();
  changes: readonly Change[] = [];
  /** How many tests have ended. */
  endedTests = 0;
  #version = 0;
  #assembly = new Assembly(this.output);
  #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    private readonly onChange: () => void,
  ) {}

  /** Returns what ends it. */
  start(): () => void {
    void this.#ask().then(() => this.#follow());
    return () => {
      this.#stop.abort();
      clearTimeout(this.#timer);
    };
  }

  /** Ask for the execution, as after a request that changed it. */
  async refresh(): Promise<void> {
    await this.#ask();
  }

  async #follow(): Promise<void> {
    if (this.problem !== null && !this.problem.isTemporary) return;
    await follow(`/api/v1/executions/${encodeURIComponent(this.id)}/stream`, {
      signal: this.#stop.signal,
      onEvent: (event) => this.#on(event),
      onConnection: (connection) => {
        this.connection = connection;
        if (connection.as === "refused") this.problem = connection.problem;
        if (connection.as === "open" && this.execution === null) void this.#ask();
        this.onChange();
      },
    });
  }

  async #ask(): Promise<void> {
    const parameters = { params: { path: { execution_id: this.id } }, signal: this.#stop.signal };
    try {
      this.#know(await send(api.GET("/api/v1/executions/{execution_id}", parameters)));
      this.problem = null;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.problem = error as Problem;
    }
    this.onChange();
  }

  #know(execution: Execution): void {
    this.execution = execution;
    clearTimeout(this.#timer);
    if (execution.state === "queued")
      this.#timer = setTimeout(() => this.#askForPosition(), QUEUE_MS);
  }

  #askForPosition(): void {
    if (this.execution?.state !== "queued") return;
    if (document.hidden) this.#timer = setTimeout(() => this.#askForPosition(), QUEUE_MS);
    else void this.#ask();
  }

  #on({ name, data }: ServerEvent): void {
    switch (name) {
      case "state":
        this.#changed(data as StateEvent);
        break;
      case "stdout":
      case "stderr":
        this.#assembly.printed(name, data as Printed);
        return; // The output tells those who show it.
      case "test":
        this.endedTests = Math.max(this.endedTests, (data as { index: number }).index + 1);
        break;
      case "result":
        this.#result(data as Execution);
        break;
      case "end":
        if (this.execution?.state !== "completed") this.#endWithoutResult();
        break;
    }
    this.onChange();
  }

  #changed({ state, version, attempt, time, message }: StateEvent): void {
    if (version <= this.#version) return;
    this.#version = version;
    this.changes = [...this.changes, { state, attempt, time: Date.parse(time), message }];
    if (attempt > 0) this.#assembly.attempt(attempt);
    const known = this.execution;
    if (known === null || isTerminal(known)) return;
    const queue_position = state === known.state ? known.queue_position : null;
    this.#know({ ...known, state, attempt, message, queue_position });
    if (state === "queued" && version > 1) void this.#ask();
  }

  #endWithoutResult(): void {
    this.#assembly.end([], "");
    void this.#ask();
  }

  #result(execution: Execution): void {
    this.#know(execution);
    const cut = (["stdout", "stderr"] as const).filter(
      (stream) => execution.result?.[`${stream}_truncated`],
    );
    this.#assembly.end(cut, bytes(execution.limits.output_kib * 1024));
  }
}
