// A canvas that only counts what is drawn on it: happy-dom has none.
import { browser, put } from "./browser.ts";

/** How often something was drawn, and in which colours. */
export const drawn = { times: 0, colours: new Set<string>() };

const state: Record<string, unknown> = {};
const context = new Proxy(state, {
  get: (_, name) => state[String(name)] ?? ((...given: unknown[]) => called(String(name), given)),
  set: (_, name, value) => {
    if (name === "fillStyle" || name === "strokeStyle") drawn.colours.add(String(value));
    return Reflect.set(state, name, value);
  },
});

function called(name: string, [text]: unknown[]): unknown {
  if (name === "stroke" || name === "fill") drawn.times += 1;
  return name === "measureText" ? { width: String(text).length * 6 } : undefined;
}

class Path {
  moveTo() {}
  lineTo() {}
  rect() {}
  arc() {}
  addPath() {}
  closePath() {}
}

put("devicePixelRatio", 1);
put("Path2D", Path);
Object.defineProperty(browser.HTMLCanvasElement.prototype, "getContext", { value: () => context });
