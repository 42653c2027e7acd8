import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { browser, setHidden } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { completed, execution, result, testResult } from "../support/examples.ts";
import { settle } from "../support/page.tsx";
import { type Sent, json, problem } from "../support/service.ts";
import { event } from "../support/stream.ts";
import { SUBMIT, type Workshop, open, workshop } from "./workshop.tsx";

const CANCEL = "POST /api/v1/executions/01A/cancel";
const STATUS = ".playground-status";

/** Ctrl+Enter, wherever the focus is. */
async function pressRun(shop: Workshop, more: KeyboardEventInit = { ctrlKey: true }) {
  await shop.shown.press(document.body, "Enter", more);
}

/** The service says that the execution has ended like this. */
async function finish(shop: Workshop, outcome: string, more: object = {}): Promise<void> {
  const ended = completed(outcome, { result: result(more) });
  shop.service.on("GET /api/v1/executions/01A", ended);
  shop.streams.at(-1)?.push(event("result", ended, "5") + event("end", null, "6"));
  await settle();
}

test("a program is submitted, watched, and its verdict is said", async (t) => {
  const shop = await open(t);
  assert.match(shop.shown.one(".playground-result").textContent ?? "", /Ctrl\+Enter/);
  await shop.write("print(6 * 7)");
  assert.deepEqual(await shop.run(), {
    language: "python",
    source: "print(6 * 7)",
  });
  assert.match(shop.service.only(SUBMIT).headers.get("Idempotency-Key") ?? "", /^[0-9a-f]{32}$/);
  shop.streams[0]?.push(
    event("stdout", { attempt: 1, offset: 0, content: "42\n", encoding: "utf-8" }, "1"),
  );
  await settle();
  assert.deepEqual(shop.shown.texts(".output-text"), ["42"]);
  await finish(shop, "success");
  assert.match(shop.shown.one(".execution-state").textContent ?? "", /exit code 0/);
  assert.match(shop.shown.one(STATUS).textContent ?? "", /Last run: 1\.50 s, 32 MiB/);
});

test("Run becomes Cancel until the program has ended", async (t) => {
  const shop = await open(t);
  await shop.run();
  assert.equal(shop.shown.buttons().includes("Run"), false);
  shop.service.on(CANCEL, execution({ state: "cancelled" }));
  const [toolbar] = shop.shown.all(".playground-toolbar button.button-danger");
  await shop.shown.click(toolbar as HTMLElement);
  assert.equal(shop.service.sent(CANCEL).length, 1);
  await finish(shop, "success");
  assert.equal(shop.shown.buttons().includes("Run"), true);
});

const KEYS: readonly [what: string, press: (shop: Workshop) => Promise<unknown>, runs: number][] = [
  ["Ctrl+Enter runs", (shop) => pressRun(shop), 1],
  ["so does Command+Enter", (shop) => pressRun(shop, { metaKey: true }), 1],
  ["Enter alone doesn't", (shop) => pressRun(shop, {}), 0],
  ["two at once run once", async (shop) => (await pressRun(shop), await pressRun(shop)), 1],
  [
    "a dialog has its own keys",
    async (shop) => (await shop.shown.click("Share…"), await pressRun(shop)),
    0,
  ],
];

for (const [what, press, runs] of KEYS) {
  test(`keys: ${what}`, async (t) => {
    const shop = await open(t);
    await press(shop);
    assert.equal(shop.submitted.length, runs);
  });
}

test("in the editor, the same keys run what it has", async (t) => {
  const shop = await open(t);
  await shop.write("print(1)");
  const enter = new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true });
  shop.editor.contentDOM.dispatchEvent(enter);
  await settle();
  assert.deepEqual(shop.submitted, [{ language: "python", source: "print(1)" }]);
  assert.equal(shop.code, "print(1)"); // No line was added.
});

test("Escape cancels what runs, and nothing else", async (t) => {
  const shop = await open(t);
  shop.service.on(CANCEL, execution({ state: "cancelled" }));
  await shop.shown.press(document.body, "Escape");
  assert.equal(shop.service.sent(CANCEL).length, 0);
  await shop.run();
  await shop.shown.press(document.body, "Escape");
  assert.equal(shop.service.sent(CANCEL).length, 1);
});

test("what has ended before it could be cancelled is no problem", async (t) => {
  const shop = await open(t);
  await shop.run();
  shop.service.on(CANCEL, () => problem(409, "Conflict", { detail: "It has ended." }));
  await shop.shown.press(document.body, "Escape");
  assert.equal(shop.shown.one(".playground-notices").textContent, "");
});

test("another reason why it can't be cancelled is said", async (t) => {
  const shop = await open(t);
  await shop.run();
  shop.service.on(CANCEL, () => problem(404, "Not found", { detail: "It was deleted." }));
  await shop.shown.press(document.body, "Escape");
  assert.match(shop.shown.one(".playground-notices").textContent ?? "", /It was deleted\./);
});

test("each problem has the label of its field, which leads there", async (t) => {
  const shop = await open(t);
  const errors = [
    { pointer: "/stdin", detail: "is too large" },
    { pointer: "/limits/memory_mib", detail: "must be at most 2048" },
    { pointer: "/files/0/content", detail: "has a NUL" },
    { pointer: "/labels/a~1b", detail: "is too long" },
    { detail: "is refused as a whole" },
  ];
  shop.service.on(SUBMIT, () => problem(422, "The submission is not valid", { errors }));
  await shop.run();
  const notice = shop.shown.one(".playground-refused");
  assert.match(notice.textContent ?? "", /The submission is not valid/);
  assert.deepEqual(shop.shown.texts(".playground-refused li"), [
    "Standard input is too large",
    "Memory must be at most 2048",
    "File main.py has a NUL",
    "/labels/a~1b is too long",
    "/ is refused as a whole",
  ]);
  const places: [button: string, tab: string, field: string][] = [
    ["Memory", "Settings (3 to fix)", "limits.memory_mib"],
    ["Standard input", "Input (1 to fix)", "stdin"],
    ["/labels/a~1b", "Settings (3 to fix)", "other"],
  ];
  for (const [button, tab, field] of places) {
    await shop.shown.click(button);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(shop.shown.tab(tab).getAttribute("aria-selected"), "true");
    assert.equal((document.activeElement as HTMLElement).dataset.field, field);
  }
  assert.equal(shop.shown.field("Memory, MiB").getAttribute("aria-invalid"), "true");
});

test("a problem is shown beside its field, and gone with the next run", async (t) => {
  const shop = await open(t);
  const errors = [{ pointer: "/stdin", detail: "is too large" }];
  shop.service.on(SUBMIT, () => problem(422, "Not valid", { errors }));
  await shop.run();
  const stdin = shop.shown.field<HTMLTextAreaElement>("Standard input");
  assert.equal(stdin.getAttribute("aria-invalid"), "true");
  const described = document.getElementById(stdin.getAttribute("aria-describedby") ?? "");
  assert.equal(described?.textContent, "is too large");
  shop.service.on(SUBMIT, () => json(execution(), 202));
  await shop.run();
  assert.equal(stdin.hasAttribute("aria-invalid"), false);
  assert.equal(shop.shown.one(".playground-notices").textContent, "");
});

const REFUSALS: readonly [status: number, detail: string][] = [
  [400, "The body is not JSON."],
  [403, "The key may not submit."],
  [409, "The Idempotency-Key belongs to another submission."],
  [413, "The body is too large."],
  [500, "An internal error occurred."],
];

for (const [status, detail] of REFUSALS) {
  test(`a refusal with status ${status} says why, and can be tried again`, async (t) => {
    const shop = await open(t);
    shop.service.on(SUBMIT, () => problem(status, "Refused", { detail }));
    await shop.run();
    assert.equal(shop.shown.one(".playground-refused p").textContent, detail);
    await shop.run();
    const keys = shop.service.sent(SUBMIT).map((each) => each.headers.get("Idempotency-Key"));
    // Nobody knows whether a service that failed has accepted it: it must not run twice.
    assert.equal(keys[0] === keys[1], status === 500);
  });
}

/** A service that accepts nothing yet. */
async function waiting(t: TestContext, headers: Record<string, string> = {}, status = 503) {
  const clock = stopClock(t);
  const shop = await open(t);
  shop.service.on(SUBMIT, () => problem(status, "At capacity", {}, headers));
  await shop.run();
  return { clock, shop };
}

test("at capacity, the program is sent again until it is accepted, always with one key", async (t) => {
  const { clock, shop } = await waiting(t, { "Retry-After": "7" }, 429);
  const notice = shop.shown.one(".playground-notice").textContent ?? "";
  assert.match(notice, /^At capacity\. The program is not lost and will not run twice/);
  assert.match(notice, /sent again in 7 s/);
  await clock.wait(6999);
  assert.equal(shop.submitted.length, 1);
  shop.service.on(SUBMIT, () => json(execution(), 202));
  await clock.wait(1);
  const keys = shop.service.sent(SUBMIT).map((each) => each.headers.get("Idempotency-Key"));
  assert.equal(keys.length, 2);
  assert.equal(new Set(keys).size, 1);
  assert.equal(shop.shown.all(".playground-notice").length, 0);
});

test("Escape gives up a submission, which is then sent no more", async (t) => {
  const { clock, shop } = await waiting(t);
  await shop.shown.press(document.body, "Escape");
  assert.equal(shop.shown.buttons().includes("Run"), true);
  await clock.wait(60_000);
  assert.equal(shop.submitted.length, 1);
  assert.equal(sessionStorage.getItem("podline.playground.pending.ada"), null);
});

test("a quota that is used up until tomorrow is no reason to wait", async (t) => {
  const { shop } = await waiting(t, { "Retry-After": "40000" }, 429);
  assert.match(shop.shown.one(".playground-refused").textContent ?? "", /At capacity/);
  assert.equal(shop.shown.buttons().includes("Run"), true);
});

test("a program that was not answered is sent again after a reload, with its key", async (t) => {
  const { shop } = await waiting(t);
  const key = shop.service.only(SUBMIT).headers.get("Idempotency-Key");
  await shop.shown.render(null);
  shop.service.on(SUBMIT, () => json(execution(), 202));
  const again = await open(t, { isKept: true }, shop.service);
  const sent = shop.service.sent(SUBMIT);
  assert.equal(sent.at(-1)?.headers.get("Idempotency-Key"), key);
  assert.deepEqual(sent.at(-1)?.body, sent[0]?.body);
  assert.equal(again.shown.all(".execution-panel").length, 1);
});

test("the last execution is shown again after a reload", async (t) => {
  const shop = await open(t);
  await shop.run();
  await shop.shown.render(null);
  const again = await open(t, { isKept: true }, shop.service);
  assert.match(again.shown.one(".execution-state").textContent ?? "", /It waits for a slot/);
  assert.equal(shop.submitted.length, 1);
});

test("verdicts are beside the tests that were run, until these are changed", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  await shop.shown.click("Add test");
  await shop.run();
  const tests = [testResult({ outcome: "wrong_output", message: "Line 1 differs." })];
  await finish(shop, "wrong_output", { tests });
  const verdict = shop.shown.one(".playground-verdict");
  assert.match(verdict.textContent ?? "", /Wrong output 10 ms/);
  assert.match(verdict.title, /other than what was expected\. Line 1 differs\.$/);
  await shop.shown.fill("Input of test 1", "2");
  assert.equal(shop.shown.all(".playground-verdict").length, 0);
});

test("a narrow window shows the result once the program runs", async (t) => {
  const shop = await open(t);
  const pressed = () =>
    shop.shown
      .texts(".playground-views [aria-pressed=true]")
      .concat(shop.shown.one(".playground").dataset.view ?? "");
  assert.deepEqual(pressed(), ["Code", "code"]);
  await shop.shown.click(shop.shown.all(".playground-views button")[1] as HTMLElement);
  assert.deepEqual(pressed(), ["Input", "input"]);
  await shop.run();
  assert.deepEqual(pressed(), ["Result", "result"]);
});

test("a service that is away at first is asked again, by itself or on demand", async (t) => {
  const clock = stopClock(t);
  const service = workshop(t).on("GET /api/v1/limits", () => problem(503, "Redis is away"));
  const shop = await open(t, {}, service);
  assert.match(shop.shown.one("[role=alert]").textContent ?? "", /Redis is away/);
  service.on("GET /api/v1/limits", { limits: { maximum: {}, default: {} } });
  await clock.wait(2000);
  assert.equal(shop.shown.all(".playground").length, 1);
});

test("a hidden tab still sends what waits", async (t) => {
  const { clock, shop } = await waiting(t);
  setHidden(true);
  t.after(() => setHidden(false));
  await clock.wait(1000);
  assert.equal(shop.submitted.length, 2);
});

test("the language, its version and the place of the cursor are in the status line", async (t) => {
  const shop = await open(t);
  await shop.write("one\ntwo");
  shop.editor.dispatch({ selection: { anchor: 6 } });
  await settle();
  const [language, position] = shop.shown.texts(`${STATUS} > span`);
  assert.deepEqual([language, position], ["Python 3.12", "Line 2, column 3"]);
});

test("without an editor, there is a plain text area that runs the same", async (t) => {
  t.mock.method(browser.Element.prototype, "attachShadow", () => {
    throw new DOMException("not here", "NotSupportedError");
  });
  const shop = await open(t);
  await shop.shown.fill("main.py", "print(2)");
  assert.deepEqual(await shop.run(), { language: "python", source: "print(2)" });
});

test("a request that the page cancels is not the service's fault", async (t) => {
  const shop = await open(t);
  shop.service.on(
    SUBMIT,
    ({ signal }: Sent) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      ),
  );
  await shop.run();
  await shop.shown.press(document.body, "Escape");
  assert.equal(shop.shown.one(".playground-notices").textContent, "");
  assert.equal(shop.shown.buttons().includes("Run"), true);
});
