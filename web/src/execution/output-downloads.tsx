import { Icon } from "../parts/icon.tsx";
import type { Stream } from "./anchors.ts";
import type { Output } from "./output.ts";

const STREAMS: readonly Stream[] = ["stdout", "stderr"];

interface Props {
  output: Output;
  download: ((stream: Stream) => string) | null;
}

/** Each stream as a file: all its bytes once they are stored, before that what has arrived. */
export function Downloads({ output, download }: Props) {
  return (
    <span class="segments output-downloads" role="group" aria-label="Download">
      {STREAMS.map((stream, index) => {
        const name = (
          <>
            {index === 0 && <Icon name="download" />}
            {stream}
          </>
        );
        return download ? (
          <a key={stream} href={download(stream)} download={`${stream}.txt`} title="Download">
            {name}
          </a>
        ) : (
          <button
            key={stream}
            type="button"
            onClick={() => save(output, stream)}
            title="Download what has arrived so far"
          >
            {name}
          </button>
        );
      })}
    </span>
  );
}

function save(output: Output, stream: Stream): void {
  const parts = output.pieces.filter((piece) => piece.source === stream).map((piece) => piece.text);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = `${stream}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
