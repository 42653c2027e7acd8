import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { ComponentChildren } from "preact";
import { go, setQuery, useAddress } from "../../src/shell/router.ts";
import { ORIGIN, visit } from "../support/browser.ts";
import { settle, show } from "../support/page.tsx";

function Address({ children }: { children?: ComponentChildren }) {
  const { pathname, search, hash } = useAddress();
  return (
    <>
      <output>{pathname + search + hash}</output>
      {children}
    </>
  );
}

/** A page with links at `/executions?state=running`. */
async function showLinks(test: TestContext, links: ComponentChildren) {
  visit("/executions?state=running");
  const shown = await show(test, <Address>{links}</Address>);
  return { shown, at: () => shown.one("output").textContent };
}

test("another address is shown, and is in the history unless it replaces the last one", async (t) => {
  visit("/");
  const shown = await show(t, <Address />);
  const before = history.length;
  go("/keys?x=1");
  await settle();
  assert.equal(shown.text, "/keys?x=1");
  assert.equal(history.length, before + 1);
  go("/usage", { replace: true });
  await settle();
  assert.equal(shown.text, "/usage");
  assert.equal(location.pathname, "/usage");
  assert.equal(history.length, before + 1);
});

test("the query changes in place, and an empty one leaves no question mark", async (t) => {
  visit("/executions?state=running#L3");
  const shown = await show(t, <Address />);
  const before = history.length;
  setQuery(new URLSearchParams({ outcome: "time limit", label: "a:b&c" }));
  await settle();
  assert.equal(shown.text, "/executions?outcome=time+limit&label=a%3Ab%26c");
  setQuery(new URLSearchParams());
  await settle();
  assert.equal(shown.text, "/executions");
  assert.equal(location.href, `${ORIGIN}/executions`);
  assert.equal(history.length, before);
});

test("the browser's Back button shows what the address says", async (t) => {
  visit("/keys");
  const shown = await show(t, <Address />);
  visit("/usage");
  dispatchEvent(new Event("popstate"));
  await settle();
  assert.equal(shown.text, "/usage");
});

test("a link to a page is followed without loading everything again", async (t) => {
  const { shown, at } = await showLinks(
    t,
    <a href="/keys?a=1">
      <b>Keys</b>
    </a>,
  );
  const event = new MouseEvent("click", { bubbles: true, cancelable: true });
  shown.one("b").dispatchEvent(event);
  await settle();
  assert.equal(event.defaultPrevented, true);
  assert.equal(at(), "/keys?a=1");
});

const LEFT_TO_THE_BROWSER: [string, ComponentChildren, MouseEventInit][] = [
  ["the API's own pages", <a href="/docs">x</a>, {}],
  ["below them", <a href="/api/v1/executions/1/stdout">x</a>, {}],
  ["files of the page", <a href="/assets/licences-1.txt">x</a>, {}],
  ["metrics", <a href="/metrics">x</a>, {}],
  ["the document of the API", <a href="/openapi.json">x</a>, {}],
  ["another site", <a href="https://example.org/keys">x</a>, {}],
  ["another port", <a href="http://podline.test:9000/keys">x</a>, {}],
  ["a download", <a href="/keys" download="x" children="x" />, {}],
  ["another window", <a href="/keys" target="_blank" children="x" />, {}],
  ["an anchor of this page", <a href="/executions?state=running#L3">x</a>, {}],
  ["Ctrl", <a href="/keys">x</a>, { ctrlKey: true }],
  ["Command", <a href="/keys">x</a>, { metaKey: true }],
  ["Shift", <a href="/keys">x</a>, { shiftKey: true }],
  ["Alt", <a href="/keys">x</a>, { altKey: true }],
  ["the middle button", <a href="/keys">x</a>, { button: 1 }],
  ["no link", <p>x</p>, {}],
];

for (const [what, link, how] of LEFT_TO_THE_BROWSER) {
  test(`left to the browser: ${what}`, async (t) => {
    const { shown, at } = await showLinks(t, link);
    let isTaken = true;
    const look = (event: Event) => {
      isTaken = event.defaultPrevented;
      event.preventDefault(); // The browser of the tests would follow it.
    };
    addEventListener("click", look);
    t.after(() => removeEventListener("click", look));
    await shown.click(shown.one("a, p"), how);
    assert.equal(isTaken, false);
    assert.equal(at(), "/executions?state=running");
  });
}

test("names that only begin like the API's are pages of ours", async (t) => {
  const { shown, at } = await showLinks(t, <a href="/apiary">x</a>);
  await shown.click(shown.one("a"));
  assert.equal(at(), "/apiary");
});

test("an anchor of another page leads there", async (t) => {
  const { shown, at } = await showLinks(t, <a href="/executions?state=queued#L3">x</a>);
  await shown.click(shown.one("a"));
  assert.equal(at(), "/executions?state=queued#L3");
});

test("a click that something else has handled is not a link's", async (t) => {
  const handled = (
    <a href="/keys" onClick={(event) => event.preventDefault()}>
      x
    </a>
  );
  const { shown, at } = await showLinks(t, handled);
  await shown.click(shown.one("a"));
  assert.equal(at(), "/executions?state=running");
});

test("whoever left is not moved", async (t) => {
  const { shown } = await showLinks(t, <a href="/keys">x</a>);
  await shown.render(null);
  go("/usage");
  await settle();
  assert.equal(shown.text, "");
});
