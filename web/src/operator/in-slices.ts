/** Repeats a call that changes a bounded number of items, until none remains. */

export interface Slice {
  done: number;
  skipped: number;
  remaining: number;
}

const MOST_CALLS = 1000;

/**
 * Call `change` until nothing remains, or a call changes nothing. `matching` is how many there were
 * at first: items that still match once they are changed, or that come in meanwhile, end it.
 */
export async function inSlices(
  change: () => Promise<Slice>,
  matching: number,
  onProgress: (done: number) => void = () => {},
): Promise<{ done: number; skipped: number }> {
  let done = 0;
  let skipped = 0;
  for (let call = 0; call < MOST_CALLS && (call === 0 || done < matching); call += 1) {
    const slice = await change();
    done += slice.done;
    skipped = slice.skipped; // Those that can't be changed are found again by each call.
    onProgress(done);
    if (slice.remaining === 0 || slice.done === 0) break;
  }
  return { done, skipped };
}
