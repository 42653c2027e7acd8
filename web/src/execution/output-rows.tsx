import type { Lines } from "./anchors.ts";
import { type Theme, css } from "./colours.ts";
import type { Log, Row } from "./log.ts";
import { marked } from "./marked.ts";
import type { Search } from "./search.ts";
import type { Window } from "./window.ts";

interface Props {
  log: Log;
  window: Window;
  rowHeight: number;
  digits: number;
  theme: Theme;
  search: Search;
  /** Where the match begins that is looked at. */
  current: number | null;
  lines: Lines | null;
  onChoose: (line: number, isShift: boolean) => void;
  /** Whether rows say which stream they are of. */
  isMixed: boolean;
}

/** The rows in sight, in an element as high as all of them. */
export function OutputRows({ log, window, rowHeight, digits, onChoose, ...rest }: Props) {
  const rows: { index: number; row: Row }[] = [];
  for (let index = window.first; index < window.end; index++) {
    const row = log.row(index);
    if (row !== null) rows.push({ index, row });
  }
  const onClick = (event: MouseEvent) => {
    const line = (event.target as HTMLElement).closest<HTMLElement>(".output-number")?.dataset.line;
    if (line === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onChoose(Number(line), event.shiftKey);
  };
  return (
    <div class="output-all" style={{ height: `${window.height}px` }}>
      <div
        class="output-rows"
        style={{ transform: `translateY(${window.top}px)`, "--digits": String(digits) }}
        onClick={onClick}
      >
        {rows.map(({ index, row }) => (
          <OutputRow
            key={index}
            row={row}
            line={row.line ?? log.lineAt(row.start)}
            rowHeight={rowHeight}
            {...rest}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps extends Pick<
  Props,
  "rowHeight" | "theme" | "search" | "current" | "lines" | "isMixed"
> {
  row: Row;
  line: number;
}

function OutputRow({ row, line, theme, search, current, lines, isMixed }: RowProps) {
  const length = row.spans.reduce((sum, span) => sum + span.text.length, 0);
  const matches = search.within(row.start, row.start + length);
  const isChosen = lines !== null && line >= lines.from && line <= lines.to;
  const names = [
    "output-row",
    isMixed && `is-${row.source}`,
    row.source === "mark" && "is-mark",
    isChosen && "is-chosen",
  ];
  return (
    <div class={names.filter(Boolean).join(" ")}>
      {row.line === null ? (
        <span class="output-number" />
      ) : (
        <a
          class="output-number"
          href={`#L${row.line}`}
          data-line={row.line}
          tabIndex={-1}
          aria-label={`Line ${row.line}`}
        >
          {row.line}
        </a>
      )}
      <span class="output-text">
        {marked(row, matches, current).map((span, index) => (
          <span
            key={index}
            class={span.mark ? `output-${span.mark}` : undefined}
            style={span.mark ? undefined : css(span.style, theme)}
          >
            {span.text}
          </span>
        ))}
      </span>
    </div>
  );
}
