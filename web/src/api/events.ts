import { createParser } from "eventsource-parser";
import { open } from "./client.ts";
import { Problem, UNREACHABLE } from "./problem.ts";

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

/** How a stream of events is doing. */
export type Connection =
  | { readonly as: "connecting" | "open" | "ended" }
  | { readonly as: "waiting"; readonly problem: Problem }
  | { readonly as: "refused"; readonly problem: Problem };

interface Reader {
  onEvent: (event: ServerEvent) => void;
  onConnection: (connection: Connection) => void;
  signal: AbortSignal;
}

interface State {
  lastId: string;
  failures: number;
  /** Whether the last connection was left because nobody saw the page. */
  hasLeft: boolean;
}

/** The service sends something every 15 s, so after this much silence nobody is there. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Follow a stream of events up to its event `end`, over any number of connections. Each continues
 * behind the last event that was received, so nothing is asked for twice. A page that is hidden has
 * no connection: over HTTP/1.1, all tabs together have six, and would wait for each other.
 */
export async function follow(path: string, reader: Reader): Promise<void> {
  const state: State = { lastId: "", failures: 0, hasLeft: false };
  while (!reader.signal.aborted) {
    await seen(reader.signal);
    if (reader.signal.aborted) return;
    state.hasLeft = false;
    reader.onConnection({ as: "connecting" });
    try {
      if (await readOnce(path, state, reader)) return reader.onConnection({ as: "ended" });
      throw UNREACHABLE;
    } catch (error) {
      if (reader.signal.aborted) return;
      if (state.hasLeft) continue;
      const problem = error instanceof Problem ? error : UNREACHABLE;
      if (!problem.isTemporary) return reader.onConnection({ as: "refused", problem });
      reader.onConnection({ as: "waiting", problem });
      await pause(pauseOf(problem, state.failures++), reader.signal);
    }
  }
}

export function pauseOf(problem: Problem, failures: number): number {
  const own = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
  return problem.retryAfter === null ? own : Math.max(problem.retryAfter * 1000, own);
}

/** True if the stream came to its end. Throws whatever ends the connection. */
async function readOnce(path: string, state: State, reader: Reader): Promise<boolean> {
  const connection = new AbortController();
  const { signal } = connection;
  const stop = () => connection.abort();
  reader.signal.addEventListener("abort", stop); // Not AbortSignal.any: browsers of 2023 lack it.
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (state.lastId !== "") headers["Last-Event-ID"] = state.lastId;
  const leave = () => {
    state.hasLeft ||= document.hidden;
    if (state.hasLeft) stop();
  };
  document.addEventListener("visibilitychange", leave);
  const watch = new Silence(stop);
  try {
    const response = await open(path, { headers, signal });
    if (response.status === 204 || response.body === null) return true;
    reader.onConnection({ as: "open" });
    let ended = false;
    const parser = createParser({
      onEvent: ({ event = "", id, data }) => {
        reader.onEvent({ name: event, data: JSON.parse(data) });
        if (id !== undefined) state.lastId = id;
        state.failures = 0;
        ended ||= event === "end";
      },
    });
    const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let chunk = await chunks.read(); !chunk.done; chunk = await chunks.read()) {
      watch.heard();
      parser.feed(chunk.value);
      if (ended) return true;
    }
    return false;
  } finally {
    watch.stop();
    document.removeEventListener("visibilitychange", leave);
    reader.signal.removeEventListener("abort", stop);
    connection.abort();
  }
}

/** Notices that a connection has been silent for too long. */
class Silence {
  #timer: ReturnType<typeof setTimeout>;

  constructor(readonly onSilence: () => void) {
    this.#timer = setTimeout(onSilence, SILENCE_MS);
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.onSilence, SILENCE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Wait until somebody can see the page. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}

/** Wait, but no longer than until the network returns or the page is shown again. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", shown);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const shown = () => {
      if (!document.hidden) done();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    document.addEventListener("visibilitychange", shown);
    signal.addEventListener("abort", done);
  });
}
