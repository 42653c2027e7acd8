import { useState } from "preact/hooks";
import type { Shown } from "./reading.ts";

const NAME = "output";

/** Which streams are shown. It is in the address, beside the line that a link may point to. */
export function useShown(isInAddress: boolean): [Shown, (shown: Shown) => void] {
  const [shown, setShown] = useState<Shown>(() => (isInAddress ? fromAddress() : "both"));
  const show = (next: Shown) => {
    setShown(next);
    if (!isInAddress) return;
    const address = new URL(location.href);
    if (next === "both") address.searchParams.delete(NAME);
    else address.searchParams.set(NAME, next);
    address.hash = "";
    history.replaceState(history.state, "", address);
  };
  return [shown, show];
}

function fromAddress(): Shown {
  const given = new URLSearchParams(location.search).get(NAME);
  return given === "stdout" || given === "stderr" ? given : "both";
}
