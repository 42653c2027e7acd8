import assert from "node:assert/strict";
import test from "node:test";
import { fragmentOf } from "../../src/playground/share.ts";
import { visit } from "../support/browser.ts";
import { settle, until } from "../support/page.tsx";
import { json, problem } from "../support/service.ts";
import { type Workshop, open, workshop } from "./workshop.tsx";

const SUBMISSION = "GET /api/v1/executions/01B/submission";
const PROGRAM = { language: "py", files: [{ name: "main.py", content: "shared()" }] };
const OWN = 'print("Hello, world!")\n';

/** The playground, at the address of a link with this program. */
async function arrive(t: test.TestContext, fragment: string, shop?: Workshop): Promise<Workshop> {
  visit(`/${fragment}`);
  if (!shop) return open(t);
  dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
  return shop;
}

test("a link opens its program, runs nothing, and leaves the address", async (t) => {
  const shop = await arrive(t, await fragmentOf(PROGRAM));
  await until(() => shop.code === "shared()");
  assert.equal(location.hash, "");
  assert.deepEqual(shop.submitted, []);
  assert.equal(shop.shown.field("Language").value, "python"); // An alias is its language.
  assert.deepEqual(
    shop.service.requests.filter(({ path }) => path.includes("program")),
    [],
  );
});

test("a link asks before it replaces what somebody has written", async (t) => {
  const shop = await open(t);
  await shop.write("mine");
  const fragment = await fragmentOf({
    ...PROGRAM,
    files: Array.from({ length: 8 }, (_, n) => ({ name: `f${n}.py`, content: "" })),
  });
  await arrive(t, fragment, shop);
  await until(() => shop.shown.all("dialog").length === 1);
  assert.match(shop.shown.one("dialog").textContent ?? "", /The link has a program in Python/);
  assert.deepEqual(shop.shown.texts("dialog li"), [
    ...["f0.py", "f1.py", "f2.py", "f3.py", "f4.py", "f5.py"],
    "and 2 more",
  ]);
  await shop.shown.click("Back");
  assert.equal(shop.code, "mine");
  await arrive(t, fragment, shop);
  await until(() => shop.shown.all("dialog").length === 1);
  await shop.shown.click("Replace");
  assert.equal(shop.shown.all("[role=tablist][aria-label=Files] [role=tab]").length, 8);
});

const BAD_LINKS: readonly [what: string, fragment: string, said: RegExp][] = [
  ["damaged", "#program=1.AAAA", /damaged/],
  ["of no format", "#program=abc", /newer release/],
  ["of another format", "#program=2.e30", /newer release/],
  ["too long", `#program=1.${"A".repeat(1_500_000)}`, /longer than any/],
];

for (const [what, fragment, said] of BAD_LINKS) {
  test(`a link that is ${what} says so, and changes nothing`, async (t) => {
    const shop = await arrive(t, fragment);
    await until(() => shop.toasts.length === 1);
    assert.match(shop.toasts[0] ?? "", said);
    assert.equal(shop.code, OWN);
  });
}

test("a link without a program says so", async (t) => {
  const shop = await arrive(t, await fragmentOf({ language: 1 }));
  await until(() => shop.toasts.length === 1);
  assert.match(shop.toasts[0] ?? "", /The link has no program that the playground can open/);
});

test("another fragment is no link", async (t) => {
  const shop = await arrive(t, "#here");
  assert.equal(location.hash, "#here");
  assert.deepEqual(shop.toasts, []);
  visit("/");
});

test("the program of an execution is opened, with all that it was given", async (t) => {
  const service = workshop(t).on(SUBMISSION, {
    ...{ language: "c", version: "12", source: "int main;", stdin: "in", args: ["-x"] },
    ...{ limits: { memory_mib: 64 }, labels: { a: "b" }, expected_output: null },
  });
  const shop = await open(t, { from: "01B" }, service);
  assert.equal(shop.code, "int main;");
  assert.deepEqual(await shop.run(), {
    ...{ language: "c", version: "12", source: "int main;", stdin: "in", args: ["-x"] },
    ...{ limits: { memory_mib: 64 }, labels: { a: "b" } },
  });
});

const GONE: readonly [status: number, said: RegExp][] = [
  [404, /There is no such execution/],
  [403, /Not yours/],
  [503, /Not yours/],
];

for (const [status, said] of GONE) {
  test(`an execution that answers ${status} opens nothing, and says why`, async (t) => {
    const answer = () => problem(status, "Refused", { detail: "Not yours." });
    const shop = await open(t, { from: "01B" }, workshop(t).on(SUBMISSION, answer));
    assert.match(shop.toasts[0] ?? "", said);
    assert.equal(shop.code, OWN);
  });
}

test("a language that the service lacks is shown as it is, without what hides in its name", async (t) => {
  const sent = { language: "co\u202ebol", version: "85", source: "x" };
  const shop = await open(t, { from: "01B" }, workshop(t).on(SUBMISSION, json(sent)));
  const [first] = shop.shown.texts("[data-field=language] option");
  assert.equal(first, "co\\u202ebol (not available)");
  assert.deepEqual(shop.shown.texts("[data-field=version] option"), ["Newest", "85"]);
  assert.match(shop.shown.one(".playground-status").textContent ?? "", /co\\u202ebol/);
});

/** What a form of sharing has to copy. */
async function shared(shop: Workshop, tab: string): Promise<string> {
  await shop.open(tab);
  await until(() => shop.shown.all("dialog .state").length === 0);
  return shop.shown.field("Text to copy").value;
}

test("a program can be shared as a link, curl, Python, and a script", async (t) => {
  const shop = await open(t);
  await shop.write("print(7)");
  await shop.shown.click("Share…");
  await until(() => shop.shown.all("dialog textarea").length === 1);
  const link = shop.shown.field("Text to copy").value;
  assert.ok(link.startsWith("http://podline.test:8000/#program=1."));
  assert.match(await shared(shop, "curl"), /^curl -sS .*\/api\/v1\/executions\?wait=60' /);
  assert.match(await shared(shop, "Python"), /"print\(7\)",/);
  assert.match(await shared(shop, "Command line"), /podline \\\n {2}run/);
});

test("what can be copied is copied as a whole", async (t) => {
  const copied: string[] = [];
  t.mock.method(navigator.clipboard, "writeText", async (text: string) => void copied.push(text));
  const shop = await open(t);
  await shop.shown.click("Share…");
  const text = await shared(shop, "curl");
  await shop.shown.click("Copy");
  assert.deepEqual(copied, [text]);
  assert.ok(shop.shown.button("Copied"));
});

test("what a form can't say has a reason, and nothing to copy", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  await shop.shown.fill("Compare", "tokens");
  await shop.shown.click("Share…");
  await shop.open("Command line");
  await until(() => shop.shown.all("dialog [role=tabpanel] [role=status]").length === 1);
  await settle();
  assert.match(shop.shown.one("dialog").textContent ?? "", /no option for compare/);
  assert.equal(shop.shown.all("dialog textarea").length, 0);
  assert.equal(shop.shown.buttons().includes("Copy"), false);
});

test("a program that is too large for a link has one for curl", async (t) => {
  const shop = await open(t);
  await shop.write("#".repeat(1024 * 1024 + 1));
  await shop.shown.click("Share…");
  await until(() => /more than 1 MiB/.test(shop.shown.one("dialog").textContent ?? ""));
  assert.match(await shared(shop, "curl"), /^curl /);
});
