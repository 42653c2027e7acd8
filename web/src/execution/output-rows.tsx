import { type Lines, type Stream, writeLines } from "./anchors.ts";
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
  onChoose: (stream: Stream, line: number, isShift: boolean) => void;
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
    const link = (event.target as HTMLElement).closest<HTMLElement>("a.output-number");
    if (link === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onChoose(link.dataset.stream as Stream, Number(link.dataset.line), event.shiftKey);
  };
  return (
    <div class="output-all" style={{ height: `${window.height}px` }}>
      <div
        class="output-rows"
        style={{ transform: `translateY(${window.top}px)`, "--digits": String(digits) }}
        onClick={onClick}
      >
        {rows.map(({ index, row }) => (
          <OutputRow key={index} row={row} rowHeight={rowHeight} {...rest} />
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
}

function OutputRow({ row, theme, search, current, lines, isMixed }: RowProps) {
  const length = row.spans.reduce((sum, span) => sum + span.text.length, 0);
  const matches = search.within(row.start, row.start + length);
  const isChosen = lines?.stream === row.source && row.line >= lines.from && row.line <= lines.to;
  const names = [
    "output-row",
    isMixed && `is-${row.source}`,
    row.source === "mark" && "is-mark",
    isChosen && "is-chosen",
  ];
  return (
    <div class={names.filter(Boolean).join(" ")}>
      <LineNumber row={row} />
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

function LineNumber({ row: { source, line, isFirst } }: { row: Row }) {
  if (source === "mark" || !isFirst) return <span class="output-number" />;
  return (
    <a
      class="output-number"
      href={writeLines({ stream: source, from: line, to: line })}
      data-stream={source}
      data-line={line}
      tabIndex={-1}
      aria-label={`Line ${line} of ${source}`}
    >
      {line}
    </a>
  );
}
