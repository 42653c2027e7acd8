export interface Used {
  executions: number;
  cpu_seconds: number;
  stored_bytes: number;
}

/** The sum over days and owners. */
export function totalUsage(days: readonly Used[]): Used {
  const total = { executions: 0, cpu_seconds: 0, stored_bytes: 0 };
  for (const day of days) {
    total.executions += day.executions;
    total.cpu_seconds += day.cpu_seconds;
    total.stored_bytes += day.stored_bytes;
  }
  return total;
}
