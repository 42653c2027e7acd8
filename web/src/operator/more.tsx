import { Button } from "../parts/button.tsx";

/** Loads the next page of a list, if there is one. */
export function More({ hasMore, onMore }: { hasMore: boolean; onMore: () => void }) {
  if (!hasMore) return null;
  return (
    <p class="table-more">
      <Button onClick={onMore}>Show more</Button>
    </p>
  );
}
