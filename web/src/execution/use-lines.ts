import { useEffect, useState } from "preact/hooks";
import { toast } from "../parts/toast.tsx";
import { type Lines, clicked, parseLines, writeLines } from "./anchors.ts";

/** The lines that the address points to, and what a click on a number does. */
export function useLines(
  isInAddress: boolean,
): [Lines | null, (line: number, isShift: boolean) => void] {
  const [lines, setLines] = useState(() => (isInAddress ? parseLines(location.hash) : null));
  useEffect(() => {
    if (!isInAddress) return undefined;
    const moved = () => setLines(parseLines(location.hash));
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, [isInAddress]);
  const choose = (line: number, isShift: boolean) => {
    const chosen = clicked(lines, line, isShift);
    setLines(chosen);
    if (isInAddress) void copyLink(chosen);
  };
  return [lines, choose];
}

async function copyLink(lines: Lines): Promise<void> {
  history.replaceState(history.state, "", writeLines(lines));
  const what =
    lines.from === lines.to ? `line ${lines.from}` : `lines ${lines.from} to ${lines.to}`;
  try {
    await navigator.clipboard.writeText(location.href);
    toast(`Copied the link to ${what}.`);
  } catch {
    // Only pages from https: or from localhost may write to it.
    toast(`The address of this page now points to ${what}.`);
  }
}
