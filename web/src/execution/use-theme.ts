import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Theme, parsed, themeOn } from "./colours.ts";

/** The colours around an element, also after a change of the theme. */
export function useTheme(element: RefObject<HTMLElement | null>): Theme {
  const [theme, setTheme] = useState<Theme>(() => themeOn([255, 255, 255], [0, 0, 0]));
  useEffect(() => {
    const look = () => {
      if (element.current === null) return;
      const { backgroundColor, color } = getComputedStyle(element.current);
      setTheme(themeOn(parsed(backgroundColor), parsed(color)));
    };
    look();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", look);
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    return () => {
      system.removeEventListener("change", look);
      observer.disconnect();
    };
  }, []);
  return theme;
}
