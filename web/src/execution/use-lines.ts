import { useEffect, useState } from "preact/hooks";
import { toast } from "../parts/toast.tsx";
import { type Lines, type Stream, clicked, parseLines, writeLines } from "./anchors.ts";

/** The lines that the address points to, and what a click on a number does. */
export function useLines(
  isInAddress: boolean,
): [Lines | null, (stream: Stream, line: number, isShift: boolean) => void] {
  const [lines, setLines] = useState(() => (isInAddress ? parseLines(location.hash) : null));
  useEffect(() => {
    if (!isInAddress) return undefined;
    const moved = () => setLines(parseLines(location.hash));
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, [isInAddress]);
  const choose = (stream: Stream, line: number, isShift: boolean) => {
    const chosen = clicked(lines, stream, line, isShift);
    setLines(chosen);
    if (isInAddress) void copyLink(chosen);
  };
  return [lines, choose];
}

async function copyLink(lines: Lines): Promise<void> {
  history.replaceState(history.state, "", writeLines(lines));
  const { stream, from, to } = lines;
  const what = `${from === to ? `line ${from}` : `lines ${from} to ${to}`} of ${stream}`;
  try {
    await navigator.clipboard.writeText(location.href);
    toast(`Copied the link to ${what}.`);
  } catch {
    // Only pages from https: or from localhost may write to it.
    toast(`The address of this page now points to ${what}.`);
  }
}
