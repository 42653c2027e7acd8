const PATHS = {
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "m4 4 8 8m0-8-8 8",
  alert: "M8 3v6m0 3v.5",
  clock: "M8 4v4l3 2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  play: "M5 3.5v9l7-4.5Z",
  stop: "M4.5 4.5h7v7h-7Z",
  pause: "M5.5 4v8M10.5 4v8",
  skip: "M3 8h10",
  copy: "M6 6h7v7H6ZM10 6V3H3v7h3",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  download: "M8 3v7m-3-3 3 3 3-3M3 13h10",
  plus: "M8 3v10M3 8h10",
  retry: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
  differs: "M4 6h8M4 10h8M10 3 6 13",
  limit: "M3 12a5.5 5.5 0 1 1 10 0M8 9l2.5-3",
  search: "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm-1 3 3.5 3.5",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing that only repeats what the text beside it says, so screen readers skip it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
