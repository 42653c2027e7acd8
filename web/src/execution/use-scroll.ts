import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Window, positionOf, scrollTopOf, windowOf } from "./window.ts";

export interface Scroll {
  readonly window: Window;
  readonly isFollowing: boolean;
  onScroll: () => void;
  /** Show the end, and what is added there; or stop. */
  follow: (isOn: boolean) => void;
  /** Show a row: in the middle, unless it is in sight. */
  reveal: (row: number) => void;
}

/** Which rows are in sight. Follows the end of a list that grows, until somebody scrolls up. */
export function useScroll(
  viewport: RefObject<HTMLElement | null>,
  rows: number,
  rowHeight: number,
  height: number,
  isLive: boolean,
): Scroll {
  const [top, setTop] = useState(0);
  const [isFollowing, setFollowing] = useState(isLive);
  const own = useRef(-1);

  const move = (scrollTop: number) => {
    if (viewport.current === null) return;
    viewport.current.scrollTop = scrollTop;
    own.current = viewport.current.scrollTop;
    setTop(own.current);
  };
  const window = windowOf(rows, rowHeight, height, top);

  useLayoutEffect(() => {
    if (isFollowing) move(window.height);
  }, [rows, isFollowing, height]);

  const onScroll = () => {
    const element = viewport.current;
    if (element === null) return;
    setTop(element.scrollTop);
    if (Math.abs(element.scrollTop - own.current) < 1) return;
    own.current = -1;
    setFollowing(
      isLive && element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight,
    );
  };
  return {
    window,
    isFollowing,
    onScroll,
    follow: setFollowing,
    reveal: (row) => {
      setFollowing(false);
      const position = positionOf(rows, rowHeight, height, top);
      const isInSight = row * rowHeight >= position && (row + 1) * rowHeight <= position + height;
      if (!isInSight) move(scrollTopOf(row, rows, rowHeight, height));
    },
  };
}
