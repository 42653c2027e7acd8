/** Times between the API, which has them in UTC, and inputs, which have those of the machine. */

/** What `<input type="datetime-local">` contains, as the API takes it; empty if it is no time. */
export function toUtc(local: string): string {
  const time = local ? new Date(local) : null;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : "";
}

/** A time of the API, as `<input type="datetime-local">` takes it, to the second. */
export function toLocal(utc: string | null): string {
  const time = utc ? new Date(utc) : null;
  if (!time || Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** Hours and minutes of a time in seconds since the epoch, for the machine's user. */
export function timeOfDay(seconds: number): string {
  return toLocal(new Date(seconds * 1000).toISOString()).slice(11, 16);
}

/** The time of day and, if it isn't today, the day, as the machine's user reads them. */
export function clock(utc: string, now = Date.now()): string {
  const local = toLocal(utc);
  const today = toLocal(new Date(now).toISOString()).slice(0, 10);
  return local.slice(0, 10) === today ? local.slice(11) : local.replace("T", " ");
}
