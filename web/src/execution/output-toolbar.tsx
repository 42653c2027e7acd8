import { useEffect, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { count } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { Downloads } from "./output-downloads.tsx";
import type { Output } from "./output.ts";
import type { Shown } from "./reading.ts";
import { MOST_MATCHES, type Search } from "./search.ts";

interface Props {
  shown: Shown;
  onShow: (shown: Shown) => void;
  isWrapped: boolean;
  onWrap: (isWrapped: boolean) => void;
  needle: string;
  onNeedle: (needle: string) => void;
  search: Search;
  current: number;
  onFind: (step: 1 | -1) => void;
  lineCount: number;
  onLine: (line: number) => void;
  isLive: boolean;
  isFollowing: boolean;
  onFollow: (isOn: boolean) => void;
  output: Output;
  download: ((stream: "stdout" | "stderr") => string) | null;
  isCompact: boolean;
}

const STREAMS: readonly (readonly [Shown, string])[] = [
  ["both", "Both"],
  ["stdout", "stdout"],
  ["stderr", "stderr"],
];

/** What can be done with the output. */
export function OutputToolbar(props: Props) {
  const { shown, onShow, isWrapped, onWrap, isLive, isFollowing, onFollow, isCompact } = props;
  return (
    <div class={`output-toolbar ${isCompact ? "is-compact" : ""}`}>
      <fieldset class="output-streams">
        <legend class="unseen">Streams</legend>
        {STREAMS.map(([value, name]) => (
          <button
            key={value}
            type="button"
            aria-pressed={shown === value}
            onClick={() => onShow(value)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <Find {...props} />
      <div class="output-actions">
        {isLive && (
          <Button aria-pressed={isFollowing} onClick={() => onFollow(!isFollowing)}>
            <Icon name={isFollowing ? "stop" : "down"} />
            {isFollowing ? "Pause" : "Follow"}
          </Button>
        )}
        <label class="output-wrap">
          <input type="checkbox" checked={isWrapped} onChange={() => onWrap(!isWrapped)} />
          Wrap lines
        </label>
        {!isCompact && <GoTo lineCount={props.lineCount} onLine={props.onLine} />}
        <Downloads output={props.output} download={props.download} />
      </div>
    </div>
  );
}

function Find({ needle, onNeedle, search, current, onFind }: Props) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    onFind(event.shiftKey ? -1 : 1);
  };
  const found = search.matches.length;
  return (
    <div class="output-find" role="search">
      <input
        type="search"
        aria-label="Search the output"
        placeholder="Search"
        value={needle}
        onInput={(event) => onNeedle(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span class="output-found" role="status">
        {needle === ""
          ? ""
          : `${current < 0 ? "" : `${count(current + 1)} of `}${count(found)}${found >= MOST_MATCHES ? "+" : ""}`}
      </span>
      <Button aria-label="Previous match" disabled={found === 0} onClick={() => onFind(-1)}>
        <Icon name="left" />
      </Button>
      <Button aria-label="Next match" disabled={found === 0} onClick={() => onFind(1)}>
        <Icon name="right" />
      </Button>
    </div>
  );
}

function GoTo({ lineCount, onLine }: Pick<Props, "lineCount" | "onLine">) {
  const [line, setLine] = useState("");
  useEffect(() => setLine(""), [lineCount === 0]);
  const go = (event: Event) => {
    event.preventDefault();
    const number = Number(line);
    if (Number.isInteger(number) && number > 0) onLine(Math.min(number, Math.max(lineCount, 1)));
  };
  return (
    <form class="output-goto" onSubmit={go}>
      <input
        inputMode="numeric"
        aria-label={`Link to a line, 1 to ${count(lineCount)}`}
        placeholder="Line"
        value={line}
        onInput={(event) => setLine(event.currentTarget.value)}
      />
    </form>
  );
}
