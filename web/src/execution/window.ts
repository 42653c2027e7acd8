/** Browsers show no element that is higher (Firefox: 17.9 million pixels). */
const HIGHEST = 15_000_000;

/** Which rows of a long list are in sight, and where they are. All lengths are in pixels. */
export interface Window {
  /** The height of the element that is scrolled. */
  readonly height: number;
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
  /** The top of row `first` in that element. */
  readonly top: number;
}

const SPARE = 10;

/** The rows to draw, with a few above and below. A list that is too high is scrolled in steps. */
export function windowOf(
  rows: number,
  rowHeight: number,
  viewport: number,
  scrollTop: number,
): Window {
  const whole = rows * rowHeight;
  const height = Math.min(whole, HIGHEST);
  const position = positionOf(rows, rowHeight, viewport, scrollTop);
  const visible = Math.ceil(viewport / rowHeight) + 1;
  const first = Math.max(Math.floor(position / rowHeight) - SPARE, 0);
  const end = Math.min(Math.floor(position / rowHeight) + visible + SPARE, rows);
  const shift = scrolled(height, viewport, scrollTop) - position;
  return { height, first, end, top: first * rowHeight + shift };
}

/** How many pixels of all rows are above the viewport. */
export function positionOf(
  rows: number,
  rowHeight: number,
  viewport: number,
  scrollTop: number,
): number {
  const whole = rows * rowHeight;
  const height = Math.min(whole, HIGHEST);
  const most = height - viewport;
  if (most <= 0) return 0;
  return (scrolled(height, viewport, scrollTop) / most) * (whole - viewport);
}

/** The `scrollTop` at which a row is in the middle of the viewport. */
export function scrollTopOf(
  row: number,
  rows: number,
  rowHeight: number,
  viewport: number,
): number {
  const whole = rows * rowHeight;
  const height = Math.min(whole, HIGHEST);
  if (whole <= viewport) return 0;
  const wanted = (row + 0.5) * rowHeight - viewport / 2;
  const position = Math.min(Math.max(wanted, 0), whole - viewport);
  return (position / (whole - viewport)) * (height - viewport);
}

function scrolled(height: number, viewport: number, scrollTop: number): number {
  return Math.min(Math.max(scrollTop, 0), Math.max(height - viewport, 0));
}
