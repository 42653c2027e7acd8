/** A duration as people read it: 12 ms, 1.25 s, 3 min 5 s, 2 h 4 min. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${trimmed(milliseconds, 2)} ms`;
  if (milliseconds < 999.5) return `${trimmed(milliseconds, milliseconds < 10 ? 1 : 0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${trimmed(seconds, seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return parts(Math.floor(whole / 60), "min", whole % 60, "s");
  return parts(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
}

/** A number of bytes: 12 bytes, 1.5 KiB, 4 MiB. */
export function bytes(count: number): string {
  if (count < 1024) return count === 1 ? "1 byte" : `${count} bytes`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = count / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${trimmed(value, 1)} ${units[unit] ?? ""}`;
}

export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Rounded, without zeros at the end. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
