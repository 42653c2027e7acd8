import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { Problem } from "../../src/api/problem.ts";
import { DifferenceView } from "../../src/execution/difference-view.tsx";
import { figuresOf } from "../../src/execution/figures.tsx";
import { isPicture } from "../../src/execution/artifacts.tsx";
import { Output } from "../../src/execution/output.ts";
import { OutputView } from "../../src/execution/output-view.tsx";
import { ExecutionPanel } from "../../src/execution/panel.tsx";
import { sentence } from "../../src/execution/state-line.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { visit } from "../support/browser.ts";
import { stopClock } from "../support/clock.ts";
import { type Execution, completed, execution, result, testResult } from "../support/examples.ts";
import { settle, show } from "../support/page.tsx";
import { type Sent, problem, serve } from "../support/service.ts";
import { Stream, event } from "../support/stream.ts";

const SENTENCES: readonly [what: Execution, said: string][] = [
  [execution(), "It waits for a slot."],
  [execution({ queue_position: 1 }), "It waits for a slot, at queue position 1 (an estimate)."],
  [execution({ attempt: 1 }), "It waits for another attempt."],
  [execution({ state: "admitted" }), "It holds a slot and starts in a moment."],
  [execution({ state: "starting", attempt: 1 }), "The program is being started."],
  [execution({ state: "starting", attempt: 2 }), "The program is being started (attempt 2)."],
  [execution({ state: "running", attempt: 3 }), "The program is running (attempt 3)."],
  [execution({ state: "finished" }), "The program has ended. Its result is being stored."],
  [execution({ state: "cancelled" }), "It was cancelled, so there is no result."],
  [execution({ state: "failed" }), "The service could not run the program."],
  [completed("success"), "The program ended with exit code 0."],
  [
    completed("runtime_error", { result: result({ exit_code: 3 }) }),
    "The program ended with exit code 3.",
  ],
  [
    completed("runtime_error", { result: result({ exit_code: null, signal: "SIGSEGV" }) }),
    "The program was ended by SIGSEGV: it accessed memory that is not its own.",
  ],
  [
    completed("runtime_error", { result: result({ exit_code: null, signal: "SIGUSR1" }) }),
    "The program was ended by SIGUSR1.",
  ],
  [
    completed("time_limit", { result: result({ stopped_by: "cpu_seconds" }) }),
    "The program used more CPU time than its limit.",
  ],
  [
    completed("compile_error", {
      result: result({ exit_code: 0, compile: { exit_code: 1, stopped_by: "wall_seconds" } }),
    }),
    "The compiler took longer than its limit of wall-clock time.",
  ],
  [completed("success", { result: null }), "The program ended with exit code 0."],
  [
    completed("success", { result: result({ tests: [testResult(), testResult()] }) }),
    "All tests succeeded.",
  ],
  [
    completed("wrong_output", {
      result: result({ tests: [testResult(), testResult({ outcome: "skipped" })] }),
    }),
    "1 of 2 tests did not succeed.",
  ],
];

test("each state, and each verdict, is a sentence", () => {
  for (const [what, said] of SENTENCES) assert.equal(sentence(what), said);
});

test("what a program used is beside its limits; what nobody measured is left out", () => {
  const figures = (used: object) =>
    figuresOf(completed("success", { result: result(used) })).map(({ name, value, limit, show }) =>
      [name, show(value), show(limit)].join(" "),
    );
  assert.deepEqual(figures({ cpu_ms: null, stdout_bytes: 2048 }), [
    "Wall time 1.50 s 10 s",
    "Memory 32 MiB 64 MiB",
    "stdout 2 KiB 100 KiB",
    "stderr 0 B 100 KiB",
  ]);
  const unmeasured = { wall_ms: null, cpu_ms: null, memory_peak_kib: null };
  const tests = [testResult(unmeasured), testResult({ ...unmeasured, stdout_bytes: 512 })];
  assert.deepEqual(figures({ tests }), ["stdout 512 B 100 KiB", "stderr 0 B 100 KiB"]);
  assert.deepEqual(figuresOf(execution()), []);
});

test("only pictures that contain no script are shown", () => {
  const types = "image/png image/jpeg image/gif image/webp image/svg+xml text/html image/PNG x";
  assert.deepEqual(
    types.split(" ").filter((media_type) => isPicture({ media_type })),
    ["image/png", "image/jpeg", "image/gif", "image/webp"],
  );
});

/** An output, as somebody sees it. */
async function outputOf(t: TestContext, pieces: [string, string][], more: object = {}) {
  const output = new Output();
  for (const [source, text] of pieces) output.append(source as "stdout", text);
  const view = (
    <>
      <OutputView output={output} label="Output" {...more} />
      <Toasts />
    </>
  );
  const shown = await show(t, view);
  await settle();
  return { output, shown, lines: () => shown.texts(".output-text") };
}

const BOTH: [string, string][] = [
  ["stdout", "one\ntwo\n"],
  ["stderr", "bad\n"],
  ["stdout", "three\n"],
];

test("both streams are shown as they arrived, or one of them", async (t) => {
  visit("/executions/01A#stdout-L2");
  const { shown, lines } = await outputOf(t, BOTH, { isInAddress: true });
  assert.deepEqual(lines(), ["one", "two", "bad", "three"]);
  assert.deepEqual(shown.texts(".output-row.is-stderr .output-text"), ["bad"]);
  const [stderr] = shown.all("fieldset button").slice(2);
  await shown.click(stderr as HTMLElement);
  await settle();
  assert.deepEqual(lines(), ["bad"]);
  assert.equal(stderr?.getAttribute("aria-pressed"), "true");
  // The address says so, and no longer names a line that nobody sees.
  assert.equal(location.search + location.hash, "?output=stderr");
  assert.equal(shown.all(".output-row.is-stderr").length, 0); // There is nothing to tell apart.
});

test("which stream is shown is in the address, if the address is about it", async (t) => {
  visit("/executions/01A?output=stderr");
  assert.deepEqual((await outputOf(t, BOTH, { isInAddress: true })).lines(), ["bad"]);
  assert.equal((await outputOf(t, BOTH)).lines().length, 4);
  visit("/executions/01A?output=nonsense");
  assert.equal((await outputOf(t, BOTH, { isInAddress: true })).lines().length, 4);
});

test("a link to lines shows them", async (t) => {
  visit("/executions/01A#stdout-L2-L3");
  const { shown } = await outputOf(t, BOTH, { isInAddress: true });
  assert.deepEqual(shown.texts(".output-row.is-chosen .output-text"), ["two", "three"]);
  visit("/executions/01A#stderr-L1");
  dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
  assert.deepEqual(shown.texts(".output-row.is-chosen .output-text"), ["bad"]);
});

test("a click on a number copies a link to the line, and Shift one to all between", async (t) => {
  visit("/executions/01A");
  const copied: string[] = [];
  t.mock.method(navigator.clipboard, "writeText", async (text: string) => void copied.push(text));
  const { shown } = await outputOf(t, BOTH, { isInAddress: true });
  await shown.click(shown.link("Line 1 of stdout"));
  await shown.click(shown.link("Line 3 of stdout"), { shiftKey: true });
  assert.deepEqual(
    copied.map((each) => new URL(each).hash),
    ["#stdout-L1", "#stdout-L1-L3"],
  );
  assert.equal(location.hash, "#stdout-L1-L3");
  assert.deepEqual(shown.texts(".toast-text"), [
    "Copied the link to line 1 of stdout.",
    "Copied the link to lines 1 to 3 of stdout.",
  ]);
  assert.equal(shown.all(".is-chosen").length, 3);
});

test("a browser that copies nothing has the link in its address", async (t) => {
  visit("/executions/01A");
  t.mock.method(navigator.clipboard, "writeText", () => Promise.reject(new DOMException("no")));
  const { shown } = await outputOf(t, BOTH, { isInAddress: true });
  await shown.click(shown.link("Line 1 of stderr"));
  assert.deepEqual(shown.texts(".toast-text"), [
    "The address of this page now points to line 1 of stderr.",
  ]);
});

test("with Ctrl, a number is a link like any other", async (t) => {
  visit("/executions/01A");
  const { shown } = await outputOf(t, BOTH, { isInAddress: true });
  for (const key of ["ctrlKey", "metaKey"]) {
    await shown.click(shown.link("Line 1 of stdout"), { [key]: true });
  }
  assert.deepEqual(shown.texts(".toast-text"), []); // Nothing was copied.
});

test("a line is asked for by its number, the last one if there are fewer", async (t) => {
  const { shown } = await outputOf(t, BOTH, { isInAddress: true });
  const field = shown.field("Link to a line of stdout, 1 to 3");
  const chosen = () => shown.texts(".output-row.is-chosen .output-text");
  for (const [typed, line] of [
    ["2", "two"],
    ["99", "three"],
  ]) {
    await shown.fill(field, typed ?? "");
    await shown.submit(".output-goto");
    assert.deepEqual(chosen(), [line]);
  }
  for (const typed of ["0", "-1", "1.5", "x", ""]) {
    await shown.fill(field, typed);
    await shown.submit(".output-goto");
    assert.deepEqual(chosen(), ["three"]);
  }
});

test("a search counts what it finds, and goes round with Enter", async (t) => {
  const { shown } = await outputOf(t, [["stdout", "a\nb a\nA\n"]]);
  const field = shown.field("Search the output");
  const said = () => shown.one(".output-found").textContent;
  await shown.fill(field, "a");
  assert.equal(said(), "3");
  const seen = [];
  for (const shiftKey of [false, false, false, false, true]) {
    await shown.press(field, "Enter", { shiftKey });
    seen.push(said());
  }
  assert.deepEqual(seen, ["1 of 3", "2 of 3", "3 of 3", "1 of 3", "3 of 3"]);
  assert.deepEqual(shown.texts(".output-current"), ["A"]);
  assert.equal(shown.all(".output-match").length, 2);
  await shown.click("Previous match");
  assert.equal(said(), "2 of 3");
  await shown.press(field, "x");
  assert.equal(said(), "2 of 3");
});

test("a search that finds nothing has nothing to step through", async (t) => {
  const { shown } = await outputOf(t, BOTH);
  await shown.fill("Search the output", "(");
  assert.equal(shown.one(".output-found").textContent, "0");
  assert.equal(shown.button("Next match").disabled, true);
  await shown.press(shown.field("Search the output"), "Enter");
  await shown.fill("Search the output", "");
  assert.equal(shown.buttons().includes("Next match"), false);
});

test("another search begins before its first match", async (t) => {
  const { shown } = await outputOf(t, [["stdout", "aba"]]);
  await shown.fill("Search the output", "a");
  await shown.press(shown.field("Search the output"), "Enter");
  await shown.fill("Search the output", "b");
  assert.equal(shown.one(".output-found").textContent, "1");
});

test("what is found is found in what arrives later, too", async (t) => {
  const { shown, output } = await outputOf(t, [["stdout", "a"]]);
  await shown.fill("Search the output", "a");
  output.append("stdout", "aa");
  await settle();
  assert.equal(shown.one(".output-found").textContent, "3");
});

test("without output, the place says why", async (t) => {
  const { shown } = await outputOf(t, [], { empty: "Nothing has been printed yet." });
  assert.equal(shown.one(".output-empty").textContent, "Nothing has been printed yet.");
});

test("a small place has no field for lines", async (t) => {
  const { shown } = await outputOf(t, BOTH, { isCompact: true });
  assert.equal(shown.all(".output-goto").length, 0);
});

test("what arrives is followed until somebody pauses", async (t) => {
  const { shown } = await outputOf(t, BOTH, { isLive: true });
  assert.equal(shown.button("Pause").getAttribute("aria-pressed"), "true");
  await shown.click("Pause");
  assert.equal(shown.button("Follow").getAttribute("aria-pressed"), "false");
  await shown.click("Follow");
  assert.ok(shown.button("Pause"));
});

test("what has ended isn't followed", async (t) => {
  const { shown } = await outputOf(t, BOTH);
  assert.deepEqual(
    shown.buttons().filter((name) => /Pause|Follow/.test(name)),
    [],
  );
});

test("what is stored is downloaded from the service, all of it", async (t) => {
  const { shown } = await outputOf(t, BOTH, { download: (stream: string) => `/x/${stream}` });
  const links = shown.all<HTMLAnchorElement>("[aria-label=Download] a");
  assert.deepEqual(
    links.map((each) => [each.getAttribute("href"), each.download]),
    [
      ["/x/stdout", "stdout.txt"],
      ["/x/stderr", "stderr.txt"],
    ],
  );
});

test("before, what has arrived of a stream is saved as a file", async (t) => {
  const saved: { name: string; text: Promise<string> }[] = [];
  let made: Blob | undefined;
  t.mock.method(URL, "createObjectURL", (blob: Blob) => ((made = blob), "blob:output"));
  t.mock.method(HTMLAnchorElement.prototype, "click", function (this: HTMLAnchorElement) {
    saved.push({ name: this.download, text: made?.text() ?? Promise.resolve("") });
  });
  const { shown } = await outputOf(t, BOTH);
  const [stdout] = shown.all("[aria-label=Download] button");
  await shown.click(stdout as HTMLElement);
  assert.deepEqual([saved[0]?.name, await saved[0]?.text], ["stdout.txt", "one\ntwo\nthree\n"]);
});

test("another attempt's output replaces that of the one before", async (t) => {
  const { output, lines } = await outputOf(t, BOTH);
  output.restart();
  output.append("stdout", "again");
  await settle();
  assert.deepEqual(lines(), ["again"]);
});

test("whoever looks at a test's difference sees white space, or not", async (t) => {
  const view = <DifferenceView expected={"a b\nc\n"} actual={"a  b\nc\n"} isCut={false} />;
  const shown = await show(t, view);
  const rows = () => shown.rows(".difference-rows tbody tr");
  assert.deepEqual(rows(), [
    ["1", "", "− Expected: a·b⏎"],
    ["", "1", "+ Printed: a··b⏎"],
    ["2", "2", "c⏎"],
  ]);
  await shown.tick(shown.one<HTMLInputElement>("input[type=checkbox]"), false);
  assert.equal(rows()[0]?.[2], "− Expected: a b");
  assert.equal(shown.all("mark").length > 0, true);
});

test("a difference of which only the beginning was compared says so", async (t) => {
  const shown = await show(t, <DifferenceView expected="a" actual="b" isCut />);
  assert.match(shown.text, /Only the beginning is compared/);
});

test("a line of megabytes is cut in a difference, and what hides in it is shown", async (t) => {
  const actual = `\u202e${"x".repeat(10_000)}`;
  const shown = await show(t, <DifferenceView expected="" actual={actual} isCut={false} />);
  const text = shown.one(".difference-extra .difference-text").textContent ?? "";
  assert.ok(text.length < 4100);
  assert.match(text, /\\u202ex/);
  assert.match(text, /…$/);
});

/** A panel beside the playground, and what it told of the execution. */
async function panel(t: TestContext, known: object | (() => Response)) {
  const clock = stopClock(t);
  const told: string[] = [];
  const streams: Stream[] = [];
  const service = serve(t, {
    "GET /api/v1/executions/01A": known,
    "GET /api/v1/executions/01A/stream": ({ signal }: Sent) => {
      const stream = new Stream();
      streams.push(stream);
      return stream.response(signal);
    },
  });
  const onExecution = ({ state }: Execution) => told.push(state);
  const shown = await show(t, <ExecutionPanel id="01A" compact onExecution={onExecution} />);
  const send = async (name: string, data: object | null, id: string) => {
    streams.at(-1)?.push(event(name, data, id));
    await settle();
  };
  return { clock, told, service, shown, send };
}

const TIME = "2026-11-29T12:30:00Z";

test("whoever shows an execution elsewhere is told of each state", async (t) => {
  const { told, send } = await panel(t, execution());
  for (const [index, state] of ["running", "finished"].entries()) {
    const data = { state, version: index + 2, attempt: 1, time: TIME, message: null };
    await send("state", data, String(index));
  }
  await send("result", completed("success"), "9");
  assert.deepEqual(told, ["queued", "running", "finished", "completed"]);
});

const FAULTS: readonly [status: number, temporary: boolean][] = [
  [401, false],
  [403, false],
  [404, false],
  [410, false],
  [503, true],
];

for (const [status, temporary] of FAULTS) {
  test(`an execution that answers ${status} ${temporary ? "may come" : "stays away"}`, async (t) => {
    const answer = () => problem(status, "Refused", { detail: "For a reason." });
    const { shown, service } = await panel(t, answer);
    const said = shown.one("[role=alert]").textContent ?? "";
    assert.match(said, /Refused/);
    assert.equal(/tries again by itself/.test(said), temporary);
    assert.equal(service.sent("GET /api/v1/executions/01A/stream").length, temporary ? 1 : 0);
  });
}

test("tests that have ended are counted while the others run", async (t) => {
  const { shown, send } = await panel(t, execution({ state: "running", attempt: 1 }));
  const said = () => shown.one(".output-empty").textContent;
  assert.equal(said(), "Nothing has been printed yet.");
  await send("test", { attempt: 1, index: 0 }, "1");
  assert.equal(said(), "1 test has ended. What it printed is shown with the verdict.");
  await send("test", { attempt: 1, index: 2 }, "2");
  assert.equal(said(), "3 tests have ended. What they printed is shown with the verdict.");
});

const LOST: readonly [state: string, said: RegExp][] = [
  ["cancelled", /The output of cancelled executions is not kept/],
  ["failed", /The output of failed executions is not kept/],
];

for (const [state, said] of LOST) {
  test(`what was received of a ${state} execution is said to go with the page`, async (t) => {
    const { shown, send, service } = await panel(t, execution({ state: "running", attempt: 1 }));
    const printed = { attempt: 1, offset: 0, content: "so far\n", encoding: "utf-8" };
    await send("stdout", printed, "1");
    service.on("GET /api/v1/executions/01A", execution({ state, attempt: 1 }));
    await send("end", { state }, "2");
    assert.match(shown.one(".execution-note").textContent ?? "", said);
    assert.deepEqual(shown.texts(".output-text"), ["so far"]);
  });
}

test("a wrong output can't be compared while what was expected is unavailable", async (t) => {
  const clock = stopClock(t);
  const path = "/api/v1/executions/01F";
  const service = serve(t, {
    [`GET ${path}`]: completed("wrong_output", { id: "01F" }),
    [`GET ${path}/stream`]: () => new Response(null, { status: 204 }),
    [`GET ${path}/submission`]: () => problem(503, "The store is unavailable"),
  });
  const shown = await show(t, <ExecutionPanel id="01F" />);
  assert.match(shown.one(".state-failed").textContent ?? "", /The store is unavailable/);
  service.on(`GET ${path}/submission`, { checker: { language: "python", source: "x" } });
  await clock.wait(2000);
  assert.match(shown.text, /A checker judged the output: no text was expected\./);
});

test("what a problem says is what it is called, if it says nothing more", () => {
  assert.equal(new Problem(503, "Busy", "").message, "Busy");
  assert.equal(new Problem(503, "Busy", "Wait.").message, "Wait.");
});
