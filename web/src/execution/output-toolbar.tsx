import { useEffect, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { count } from "../parts/format.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import type { Stream } from "./anchors.ts";
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
  /** Whose lines can be asked for by number. */
  stream: Stream;
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
    <div class="output-toolbar">
      <fieldset class="segments">
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
      {isLive && (
        <Button
          class="button-small output-follow"
          aria-pressed={isFollowing}
          onClick={() => onFollow(!isFollowing)}
        >
          <Icon name={isFollowing ? "pause" : "down"} />
          {isFollowing ? "Pause" : "Follow"}
        </Button>
      )}
      <label class="output-wrap">
        <input type="checkbox" checked={isWrapped} onChange={() => onWrap(!isWrapped)} />
        Wrap<span class="unseen"> lines</span>
      </label>
      <Find {...props} />
      {!isCompact && <GoTo {...props} />}
      <Downloads output={props.output} download={props.download} />
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
        {needle !== "" && position(current, found)}
      </span>
      {needle !== "" && (
        <>
          <Step name="Previous match" icon="left" isOff={found === 0} onClick={() => onFind(-1)} />
          <Step name="Next match" icon="right" isOff={found === 0} onClick={() => onFind(1)} />
        </>
      )}
    </div>
  );
}

function position(current: number, found: number): string {
  const before = current < 0 ? "" : `${count(current + 1)} of `;
  return `${before}${count(found)}${found >= MOST_MATCHES ? "+" : ""}`;
}

interface StepProps {
  name: string;
  icon: IconName;
  isOff: boolean;
  onClick: () => void;
}

function Step({ name, icon, isOff, onClick }: StepProps) {
  return (
    <Button class="button-small" aria-label={name} disabled={isOff} onClick={onClick}>
      <Icon name={icon} />
    </Button>
  );
}

function GoTo({ stream, lineCount, onLine }: Props) {
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
        aria-label={`Link to a line of ${stream}, 1 to ${count(lineCount)}`}
        title={`Link to a line of ${stream}`}
        placeholder="Line"
        value={line}
        onInput={(event) => setLine(event.currentTarget.value)}
      />
    </form>
  );
}
