import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { restoreStyles } from "../../src/shell/styles.ts";
import { stopClock } from "../support/clock.ts";

/** A head with a style sheet; `isThere` says whether it was loaded. */
function head(t: TestContext, isThere: boolean) {
  const clock = stopClock(t);
  const style = document.documentElement.style;
  if (isThere) style.setProperty("--accent", "blue");
  // A link that isn't in a document asks for nothing.
  const place = document.createElement("div");
  place.innerHTML = '<link rel="stylesheet" href="/assets/style.css">';
  t.mock.method(document, "querySelectorAll", () => place.querySelectorAll("link"));
  t.after(() => style.removeProperty("--accent"));
  const link = () => place.querySelector("link") as HTMLLinkElement;
  return { clock, link };
}

test("a style sheet that is there isn't loaded again", async (t) => {
  const { clock, link } = head(t, true);
  const before = link();
  restoreStyles();
  await clock.wait(60_000);
  assert.equal(link(), before);
});

test("one that the network lost is loaded again a second later, and then left alone", async (t) => {
  const { clock, link } = head(t, false);
  const before = link();
  restoreStyles();
  await clock.wait(999);
  assert.equal(link(), before);
  await clock.wait(1);
  const again = link();
  assert.notEqual(again, before);
  assert.equal(again.getAttribute("href"), "/assets/style.css");
  again.dispatchEvent(new Event("load"));
  await clock.wait(600_000);
  assert.equal(link(), again);
});

test("while it fails, the pauses grow up to half a minute", async (t) => {
  const { clock, link } = head(t, false);
  restoreStyles();
  const pauses = [];
  for (let turn = 0; turn < 7; turn++) {
    const before = link();
    let waited = 0;
    for (; link() === before; waited++) await clock.wait(1000);
    pauses.push(waited);
    link().dispatchEvent(new Event("error"));
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30]);
});
