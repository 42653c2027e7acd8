import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

export interface Column<T> {
  title: string;
  cell: (item: T) => ComponentChildren;
  /** Numbers are aligned at their ends. */
  isNumber?: boolean;
  /** Takes the width that the others leave, and is cut where that is too little. */
  isWide?: boolean;
}

export interface TableProps<T> {
  /** What the table lists, for screen readers. */
  caption: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  keyOf: (item: T) => string;
  /** Does something with the row that has the focus, when Enter is pressed in it. */
  onOpen?: (item: T) => void;
  /** For items that were selected, if rows can be. */
  isSelected?: (item: T) => boolean;
}

/** A table. If rows can be opened, the keys j, k, arrows, Home and End move between them. */
export function Table<T>({ caption, columns, items, keyOf, onOpen, isSelected }: TableProps<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const rows = [...(body.current?.rows ?? [])];
    const index = rows.findIndex((row) => row === event.target);
    const next = index < 0 ? undefined : rowFor(event.key, index, rows.length);
    if (next !== undefined) {
      event.preventDefault();
      rows[next]?.focus();
    }
    const item = items[index];
    if (event.key === "Enter" && item !== undefined) onOpen?.(item);
  };
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={onOpen ? -1 : 0}>
      <table class="table">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={look(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onOpen && onKeyDown}>
          {items.map((item, index) => (
            <tr
              key={keyOf(item)}
              tabIndex={onOpen ? (index === 0 ? 0 : -1) : undefined}
              class={isSelected?.(item) ? "is-selected" : undefined}
            >
              {columns.map((column) => (
                <td key={column.title} class={look(column)}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function look<T>({ isNumber, isWide }: Column<T>): string | undefined {
  return [isNumber && "is-number", isWide && "is-wide"].filter(Boolean).join(" ") || undefined;
}

/** The row that a key leads to. */
export function rowFor(key: string, index: number, rows: number): number | undefined {
  switch (key) {
    case "j":
    case "ArrowDown":
      return Math.min(index + 1, rows - 1);
    case "k":
    case "ArrowUp":
      return Math.max(index - 1, 0);
    case "Home":
      return 0;
    case "End":
      return rows - 1;
    default:
      return undefined;
  }
}
