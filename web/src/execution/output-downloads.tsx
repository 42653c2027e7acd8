import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import type { Output } from "./output.ts";

const STREAMS = ["stdout", "stderr"] as const;
type Stream = (typeof STREAMS)[number];

interface Props {
  output: Output;
  download: ((stream: Stream) => string) | null;
}

/** Each stream as a file: all its bytes once they are stored, before that what has arrived. */
export function Downloads({ output, download }: Props) {
  return (
    <span class="output-downloads">
      {STREAMS.map((stream) =>
        download ? (
          <a
            key={stream}
            class="button button-normal"
            href={download(stream)}
            download={`${stream}.txt`}
          >
            <Icon name="download" />
            {stream}
          </a>
        ) : (
          <Button key={stream} onClick={() => save(output, stream)} title="What has arrived so far">
            <Icon name="download" />
            {stream}
          </Button>
        ),
      )}
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
