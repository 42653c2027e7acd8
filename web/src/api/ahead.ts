/** A request that can be sent before there is anything to show its answer. */
export interface Ahead<T> {
  /** Send it, while scripts are loaded and other requests are under way. */
  begin(): void;
  /** The answer of the request that was begun; a new one's if that failed, or once it is taken. */
  take(signal: AbortSignal): Promise<T>;
}

export function ahead<T>(load: (signal: AbortSignal) => Promise<T>): Ahead<T> {
  let begun: Promise<T> | null = null;
  return {
    begin() {
      begun = load(new AbortController().signal);
      begun.catch(() => {}); // Whoever takes it asks again.
    },
    take(signal) {
      const taken = begun;
      begun = null;
      return taken === null ? load(signal) : taken.catch(() => load(signal));
    },
  };
}
