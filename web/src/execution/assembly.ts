import { fromBase64 } from "../parts/base64.ts";
import { counted } from "../parts/format.ts";
import type { Output } from "./output.ts";

/** The data of a `stdout` or `stderr` event. */
export interface Printed {
  readonly attempt: number;
  /** How many bytes of the stream came before. */
  readonly offset: number;
  readonly content: string;
  readonly encoding: string;
}

type Stream = "stdout" | "stderr";

/**
 * Puts the pieces of both streams together, each byte once: what arrives twice is left out, what
 * is missing leaves a mark, and characters may be split anywhere.
 */
export class Assembly {
  #attempt = 0;
  #known: Record<Stream, number> = { stdout: 0, stderr: 0 };
  #decoders: Record<Stream, TextDecoder> = { stdout: decoder(), stderr: decoder() };

  constructor(readonly output: Output) {}

  /** A newer attempt starts from the beginning; what an older one still sends is left out. */
  attempt(attempt: number): void {
    if (attempt <= this.#attempt) return;
    const isFirst = this.#attempt === 0;
    this.#attempt = attempt;
    this.#known = { stdout: 0, stderr: 0 };
    this.#decoders = { stdout: decoder(), stderr: decoder() };
    if (!isFirst) this.output.restart();
  }

  printed(stream: Stream, event: Printed): void {
    this.attempt(event.attempt);
    if (event.attempt < this.#attempt) return;
    const bytes = bytesOf(event);
    const missing = event.offset - this.#known[stream];
    if (missing > 0) this.#gap(stream, missing);
    const fresh = bytes.subarray(Math.max(-missing, 0));
    this.#known[stream] = Math.max(this.#known[stream], event.offset + bytes.length);
    this.output.append(stream, this.#decoders[stream].decode(fresh, { stream: true }));
  }

  #gap(stream: Stream, bytes: number): void {
    this.output.append(stream, this.#decoders[stream].decode());
    this.output.append(
      "mark",
      `${counted(bytes, "byte")} of ${stream} ${bytes === 1 ? "is" : "are"} missing here: download it to see all.`,
    );
  }

  /** Nothing follows. A stream that was cut at its limit says so. */
  end(cut: readonly Stream[], limit: string): void {
    for (const stream of ["stdout", "stderr"] as const) {
      this.output.append(stream, this.#decoders[stream].decode());
    }
    for (const stream of cut) {
      this.output.append("mark", `${stream} was cut here, at its limit of ${limit}.`);
    }
    this.output.end();
  }
}

function decoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

const ENCODER = new TextEncoder();

function bytesOf(event: Printed): Uint8Array {
  if (event.encoding !== "base64") return ENCODER.encode(event.content);
  return fromBase64(event.content);
}
