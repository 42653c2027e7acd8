export type Counts = Map<string, number>

export const total = (counts: Counts): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)
