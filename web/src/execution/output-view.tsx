import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { OutputRows } from "./output-rows.tsx";
import { OutputToolbar } from "./output-toolbar.tsx";
import type { Output } from "./output.ts";
import { Search } from "./search.ts";
import { PROBE_TEXT, UNWRAPPED, useRoom } from "./use-columns.ts";
import { useLines } from "./use-lines.ts";
import { useReading } from "./use-reading.ts";
import { useShown } from "./use-shown.ts";
import { useScroll } from "./use-scroll.ts";
import { useTheme } from "./use-theme.ts";

export const ROW_HEIGHT = 20;

interface Props {
  output: Output;
  /** What the output is of, for screen readers: "Output of the program". */
  label: string;
  /** Follows what arrives, until somebody scrolls up. */
  isLive?: boolean;
  /** Where all bytes of a stream can be downloaded; null before that is possible. */
  download?: ((stream: "stdout" | "stderr") => string) | null;
  /** Whether links to lines are about this output. */
  isInAddress?: boolean;
  /** What is said while there is no output. */
  empty?: string;
  /** For a small place: only what is needed most often. */
  isCompact?: boolean;
}

/** What a program printed: any amount of it, live, with colours, search and links to lines. */
export function OutputView({
  output,
  label,
  isLive = false,
  download = null,
  isInAddress = false,
  empty = "No output",
  isCompact = false,
}: Props) {
  const [shown, setShown] = useShown(isInAddress);
  const [isWrapped, setWrapped] = useState(true);
  const [needle, setNeedle] = useState("");
  const viewport = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const digits = useRef(3);
  const room = useRoom(viewport, probe, digits.current + 2);
  const log = useReading(output, shown, isWrapped ? room.columns : UNWRAPPED);
  const most = Math.max(log.lineCount("stdout"), log.lineCount("stderr"));
  if (most >= 10 ** digits.current) digits.current = Math.max(5, String(most).length);
  const theme = useTheme(viewport);
  const [lines, choose] = useLines(isInAddress);
  const scroll = useScroll(
    viewport,
    log.rowCount,
    ROW_HEIGHT,
    room.height,
    isLive && lines === null,
  );
  const search = useMemo(() => new Search(log.text, needle), [log, needle]);
  search.update();
  const [current, setCurrent] = useCurrent(search);

  const find = (step: 1 | -1) => {
    const count = search.matches.length;
    if (count === 0) return;
    const next = current < 0 ? search.nextAfter(-1) : (current + step + count) % count;
    setCurrent(next);
    scroll.reveal(log.rowAt(search.matches[next] ?? 0));
  };
  const isThere = lines !== null && lines.from <= log.lineCount(lines.stream);
  useEffect(() => {
    if (isThere) scroll.reveal(log.rowOfLine(lines.stream, lines.from));
  }, [isThere, lines?.stream, lines?.from, log]);
  const stream = shown === "both" ? (log.lineCount("stdout") > 0 ? "stdout" : "stderr") : shown;

  return (
    <section class="output" aria-label={label}>
      <OutputToolbar
        shown={shown}
        onShow={setShown}
        isWrapped={isWrapped}
        onWrap={setWrapped}
        needle={needle}
        onNeedle={setNeedle}
        search={search}
        current={current}
        onFind={find}
        stream={stream}
        lineCount={log.lineCount(stream)}
        onLine={(line) => choose(stream, line, false)}
        isLive={isLive}
        isFollowing={scroll.isFollowing}
        onFollow={scroll.follow}
        output={output}
        download={download}
        isCompact={isCompact}
      />
      <div
        ref={viewport}
        class={`output-viewport ${isWrapped ? "is-wrapped" : ""}`}
        style={{ "--rows": String(Math.min(log.rowCount, 100)) }}
        role="region"
        aria-label={`${label}: text`}
        tabIndex={0}
        onScroll={scroll.onScroll}
      >
        <span ref={probe} class="output-probe" aria-hidden="true">
          {PROBE_TEXT}
        </span>
        {log.rowCount === 0 ? (
          <p class="output-empty">{empty}</p>
        ) : (
          <OutputRows
            log={log}
            window={scroll.window}
            rowHeight={ROW_HEIGHT}
            digits={digits.current}
            theme={theme}
            search={search}
            current={current < 0 ? null : (search.matches[current] ?? null)}
            lines={lines}
            onChoose={choose}
            isMixed={shown === "both"}
          />
        )}
      </div>
    </section>
  );
}

/** The index of the match that is looked at, for one search; -1 before the first. */
function useCurrent(search: Search): [number, (index: number) => void] {
  const [, show] = useReducer((turn: number) => turn + 1, 0);
  const known = useRef<{ search: Search; index: number }>({ search, index: -1 });
  if (known.current.search !== search) known.current = { search, index: -1 };
  const set = (index: number) => {
    known.current = { search, index };
    show(undefined);
  };
  return [known.current.index, set];
}
