/** A response that arrives piece by piece, as the test says. */
export class Stream {
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Whether the page has left. */
  isCancelled = false;

  readonly body = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.#controller = controller),
    cancel: () => void (this.isCancelled = true),
  });

  /** The response; the page's leaving ends it, as a connection's end does. */
  response(signal: AbortSignal, headers: Record<string, string> = {}): Response {
    signal.addEventListener("abort", () => this.break(new DOMException("aborted", "AbortError")));
    return new Response(this.body, { headers });
  }

  push(part: string | Uint8Array): void {
    this.#controller?.enqueue(typeof part === "string" ? this.#encoder.encode(part) : part);
  }

  close(): void {
    this.#controller?.close();
  }

  /** The network fails. */
  break(error: Error): void {
    this.isCancelled = true;
    try {
      this.#controller?.error(error);
    } catch {
      // It has ended.
    }
  }
}

/** An event as the service writes it. */
export function event(name: string, data: unknown, id?: string | number): string {
  const line = id === undefined ? "" : `id: ${id}\n`;
  return `${line}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
