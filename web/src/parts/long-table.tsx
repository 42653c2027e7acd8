import { useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { count } from "./format.ts";
import { Table, type TableProps } from "./table.tsx";

/** The page needs half a millisecond for a row, and does nothing else meanwhile. */
const STEP = 250;

/** A table that may have thousands of rows: the first ones, and more of them on demand. */
export function LongTable<T>({ items, ...rest }: TableProps<T>) {
  const [shown, setShown] = useState(STEP);
  const left = items.length - shown;
  return (
    <>
      <Table {...rest} items={items.slice(0, shown)} />
      {left > 0 && (
        <p class="table-more">
          <Button onClick={() => setShown(shown + STEP)}>Show more: {count(left)} are left</Button>
        </p>
      )}
    </>
  );
}
