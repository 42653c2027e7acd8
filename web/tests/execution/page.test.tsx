import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import ExecutionPage from "../../src/execution/page.tsx";
import { Toasts } from "../../src/parts/toast.tsx";
import { setHidden, visit } from "../support/browser.ts";
import { type Clock, stopClock } from "../support/clock.ts";
import { completed, execution, result, testResult } from "../support/examples.ts";
import { type Shown, settle, show, until } from "../support/page.tsx";
import { type Sent, type Service, problem, serve } from "../support/service.ts";
import { Stream, event } from "../support/stream.ts";

const PATH = "/api/v1/executions/01A";
const SUBMISSION = `GET ${PATH}/submission`;

/** One execution's page, with the service behind it. */
class Watched {
  readonly streams: Stream[] = [];
  version = 0;
  shown!: Shown;

  constructor(
    readonly clock: Clock,
    readonly service: Service,
  ) {
    service.on(`GET ${PATH}/stream`, ({ signal }: Sent) => {
      const stream = new Stream();
      this.streams.push(stream);
      return stream.response(signal);
    });
  }

  get asked(): number {
    return this.service.sent(`GET ${PATH}`).length;
  }

  /** The state line, without the badge. */
  get state(): string {
    return this.shown.one(".execution-state-text span:last-child").textContent ?? "";
  }

  get badge(): string {
    return this.shown.one(".execution-state-text .badge").textContent ?? "";
  }

  get output(): string[] {
    return this.shown.texts(".output-text");
  }

  async send(name: string, data: unknown, id?: number): Promise<void> {
    this.streams.at(-1)?.push(event(name, data, id));
    await settle();
  }

  /** A transition, as the service reports it. */
  async become(state: string, attempt: number, more: object = {}): Promise<void> {
    this.version += 1;
    const time = new Date(this.clock.now).toISOString();
    const data = { state, attempt, version: this.version, time, message: null, ...more };
    await this.send("state", data, this.version);
  }

  async print(stream: "stdout" | "stderr", offset: number, content: string): Promise<void> {
    await this.send(stream, { attempt: 1, offset, content, encoding: "utf-8" });
  }

  async finish(outcome: string, more: object = {}): Promise<void> {
    const ended = completed(outcome, { result: result(more) });
    this.service.on(`GET ${PATH}`, ended);
    await this.become("completed", 1);
    await this.send("result", ended);
    await this.send("end", null);
  }
}

async function watch(
  test: TestContext,
  known: object = execution(),
  answers: Record<string, object> = {},
): Promise<Watched> {
  visit("/executions/01A");
  const clock = stopClock(test);
  const watched = new Watched(clock, serve(test, { [`GET ${PATH}`]: known, ...answers }));
  watched.shown = await show(
    test,
    <>
      <ExecutionPage parameters={{ id: "01A" }} query={new URLSearchParams()} />
      <Toasts />
    </>,
  );
  return watched;
}

test("an execution is followed from the queue to its verdict", async (t) => {
  const watched = await watch(t, execution({ queue_position: 3 }));
  assert.equal(watched.state, "It waits for a slot, at queue position 3 (an estimate).");
  const told: string[] = [];
  for (const state of ["admitted", "starting", "running", "finished"]) {
    await watched.become(state, 1);
    told.push(watched.state);
  }
  assert.deepEqual(told, [
    "It holds a slot and starts in a moment.",
    "The program is being started.",
    "The program is running.",
    "The program has ended. Its result is being stored.",
  ]);
  await watched.finish("success");
  assert.equal(watched.badge, "Success");
  assert.equal(watched.state, "The program ended with exit code 0.");
  assert.equal(watched.streams.length, 1);
});

test("how long the program has been running counts from its event", async (t) => {
  const watched = await watch(t);
  await watched.become("running", 1);
  await watched.clock.wait(5000);
  assert.equal(watched.shown.one(".execution-since").textContent, "for 5 s");
});

test("what it prints appears as it arrives", async (t) => {
  const watched = await watch(t);
  await watched.become("running", 1);
  assert.match(watched.shown.text, /Nothing has been printed yet/);
  await watched.print("stdout", 0, "one\ntw");
  assert.deepEqual(watched.output, ["one", "tw"]);
  await watched.print("stdout", 6, "o\n");
  await watched.print("stderr", 0, "\u001b[31mbad\u001b[0m\n");
  assert.deepEqual(watched.output, ["one", "two", "bad"]);
  assert.deepEqual(watched.shown.texts("a.output-number"), ["1", "2", "1"]); // Of each stream.
});

test("a program that printed nothing says so once it has ended", async (t) => {
  const watched = await watch(t);
  await watched.finish("success");
  assert.match(watched.shown.text, /The program printed nothing/);
});

test("output that was cut at the limit says where", async (t) => {
  const watched = await watch(t);
  await watched.print("stdout", 0, "abc\n");
  await watched.finish("output_limit", { stdout_truncated: true, stopped_by: "output_kib" });
  assert.deepEqual(watched.output, ["abc", "stdout was cut here, at its limit of 100 KiB."]);
  assert.equal(watched.state, "The program printed more than its limit.");
});

test("one byte that is missing is not many", async (t) => {
  const watched = await watch(t);
  await watched.print("stdout", 1, "b\n");
  await watched.print("stdout", 1003, "c\n");
  assert.deepEqual(watched.output, [
    "1 byte of stdout is missing here: download it to see all.",
    "b",
    "1,000 bytes of stdout are missing here: download it to see all.",
    "c",
  ]);
});

test("the queue position is asked for every 2 s while it waits and somebody looks", async (t) => {
  const watched = await watch(t, execution({ queue_position: 9 }));
  watched.service.on(`GET ${PATH}`, execution({ queue_position: 4 }));
  await watched.clock.wait(2000);
  assert.match(watched.state, /position 4/);
  setHidden(true);
  await watched.clock.wait(6000);
  assert.equal(watched.asked, 2);
  setHidden(false);
  await watched.clock.wait(2000);
  assert.equal(watched.asked, 3);
  await watched.become("running", 1);
  await watched.clock.wait(10_000);
  assert.equal(watched.asked, 3);
});

test("the first event says nothing new, so nothing is asked for again", async (t) => {
  const watched = await watch(t);
  await watched.become("queued", 0);
  assert.equal(watched.asked, 1);
});

test("an older event changes nothing that is known already", async (t) => {
  const watched = await watch(t);
  await watched.become("running", 1);
  watched.version = 0;
  await watched.become("queued", 0);
  assert.equal(watched.badge, "Running");
});

test("another attempt starts from the beginning, and says why", async (t) => {
  const watched = await watch(t);
  await watched.become("running", 1);
  await watched.print("stdout", 0, "half");
  watched.service.on(`GET ${PATH}`, execution({ attempt: 1, message: "The worker was lost." }));
  await watched.become("queued", 1, { message: "The worker was lost." });
  assert.match(watched.state, /It waits for another attempt/);
  assert.match(watched.shown.text, /The last attempt ended: The worker was lost\./);
  await watched.become("running", 2);
  assert.equal(watched.state, "The program is running (attempt 2).");
  assert.deepEqual(watched.output, []);
});

test("a connection that is lost says so, and goes on behind the last event", async (t) => {
  const watched = await watch(t);
  await watched.become("running", 1);
  watched.streams[0]?.close();
  await settle();
  assert.match(watched.shown.text, /Reconnecting: Can't reach the service/);
  await watched.clock.wait(1000);
  assert.equal(
    watched.service.sent(`GET ${PATH}/stream`)[1]?.headers.get("Last-Event-ID"),
    String(watched.version),
  );
  assert.doesNotMatch(watched.shown.text, /Reconnecting/);
});

test("an execution that nobody knows is said to be unknown, and is not followed", async (t) => {
  visit("/executions/01A");
  const service = serve(t, { [`GET ${PATH}`]: () => problem(404, "No such execution") });
  const page = <ExecutionPage parameters={{ id: "01A" }} query={new URLSearchParams()} />;
  const shown = await show(t, page);
  assert.match(shown.one("[role=alert]").textContent ?? "", /No such execution/);
  assert.equal(service.requests.length, 1);
});

test("a service that is away at first is asked again once the stream is there", async (t) => {
  const clock = stopClock(t);
  visit("/executions/01A");
  const service = serve(t, { [`GET ${PATH}`]: () => problem(503, "Busy") });
  const watched = new Watched(clock, service);
  service.on(`GET ${PATH}/stream`, () => problem(503, "Busy"));
  const page = <ExecutionPage parameters={{ id: "01A" }} query={new URLSearchParams()} />;
  watched.shown = await show(t, page);
  assert.match(watched.shown.text, /Busy/);
  const stream = new Stream();
  service
    .on(`GET ${PATH}`, execution())
    .on(`GET ${PATH}/stream`, (sent: Sent) => stream.response(sent.signal));
  await clock.wait(1000);
  assert.equal(watched.badge, "Queued");
});

test("an execution can be cancelled until it has ended", async (t) => {
  const watched = await watch(t);
  watched.service.on(`POST ${PATH}/cancel`, execution({ state: "cancelled" }));
  watched.service.on(`GET ${PATH}`, execution({ state: "cancelled" }));
  await watched.shown.click("Cancel");
  assert.equal(watched.badge, "Cancelled");
  assert.equal(watched.shown.buttons().includes("Cancel"), false);
  assert.match(watched.shown.text, /The output of cancelled executions is not kept/);
});

test("what can't be cancelled any more says why, and can be tried again", async (t) => {
  const watched = await watch(t);
  const refused = () => problem(409, "Conflict", { detail: "It has ended." });
  watched.service.on(`POST ${PATH}/cancel`, refused);
  await watched.shown.click("Cancel");
  assert.match(watched.shown.one(".toasts").textContent ?? "", /It has ended/);
  assert.equal(watched.shown.button("Cancel").disabled, false);
});

test("a retry leads to the new execution", async (t) => {
  const watched = await watch(t, completed("runtime_error"));
  watched.service.on(`POST ${PATH}/retry`, execution({ id: "01B" }));
  await watched.shown.click("Retry");
  assert.equal(location.pathname, "/executions/01B");
});

test("an execution is deleted only after a question", async (t) => {
  const watched = await watch(t, completed("success"));
  await watched.shown.click("Delete");
  assert.match(watched.shown.one("dialog").textContent ?? "", /This can't be undone/);
  watched.service.on(`DELETE ${PATH}`, () => problem(503, "Busy", { detail: "It is away." }));
  const button = watched.shown.one("dialog .button-danger");
  await watched.shown.click(button);
  assert.match(watched.shown.one("dialog [role=alert]").textContent ?? "", /It is away/);
  assert.equal(location.pathname, "/executions/01A");
  watched.service.on(`DELETE ${PATH}`, () => new Response(null, { status: 204 }));
  await watched.shown.click(button);
  assert.equal(location.pathname, "/executions");
});

test("facts lead to lists of the same", async (t) => {
  const watched = await watch(
    t,
    execution({
      labels: { course: "a&b=c", empty: "" },
      batch_id: "B1",
      retry_of: "00Z",
      retried_as: "02A",
    }),
  );
  const links = watched.shown.all(".execution-facts a").map((each) => each.getAttribute("href"));
  assert.deepEqual(links, [
    "/executions?batch=B1",
    "/executions/00Z",
    "/executions/02A",
    "/executions?label=course%3Aa%26b%3Dc",
    "/executions?label=empty%3A",
  ]);
  assert.match(watched.shown.text, /empty\(empty\)/);
});

test("time and memory are bars against their limits", async (t) => {
  const used = result({ wall_ms: 9500, cpu_ms: 20_000, memory_peak_kib: null, stderr_bytes: 512 });
  const watched = await watch(t, completed("time_limit", { result: used }));
  const figures = watched.shown.all(".execution-figure").map((each) => {
    const bar = each.querySelector<HTMLElement>(".execution-bar span");
    return [each.textContent, bar?.style.width, bar?.className];
  });
  assert.deepEqual(figures, [
    ["Wall time9.50 s of 10 s", "95%", "is-full"],
    ["CPU time20 s of 5 s", "100%", "is-full"],
    ["stdout0 B of 100 KiB", "0%", ""],
    ["stderr512 B of 100 KiB", "0.5%", ""],
  ]);
});

test("of tests, the bars are of the one that used most", async (t) => {
  const tests = [testResult({ wall_ms: 100 }), testResult({ wall_ms: 2500, cpu_ms: null })];
  const watched = await watch(t, completed("success", { result: result({ tests }) }));
  const [wall, cpu] = watched.shown.texts(".execution-figure");
  assert.deepEqual([wall, cpu], ["Wall time2.50 s of 10 s", "CPU time5 ms of 5 s"]);
});

test("a compiler's messages and figures are shown", async (t) => {
  const compile = {
    ...{ stdout: "", stderr: "main.c:1: error\n", exit_code: 1, signal: null, stopped_by: null },
    ...{ wall_ms: 120, memory_peak_kib: 2048, cached: false },
  };
  const watched = await watch(t, completed("compile_error", { result: result({ compile }) }));
  assert.equal(watched.state, "The program did not compile.");
  const section = watched.shown.one("[aria-labelledby=execution-compiler]");
  assert.equal(section.querySelector(".hint")?.textContent, "120 ms, 2 MiB of memory, exit code 1");
  assert.equal(section.querySelector(".output-text")?.textContent, "main.c:1: error");
  assert.equal(watched.shown.all("section.output").length, 1); // There is no program's output.
});

test("a compiler that did not have to run says so", async (t) => {
  const compile = {
    ...{ stdout: "", stderr: "", exit_code: 0, signal: null, stopped_by: null },
    ...{ wall_ms: 0, memory_peak_kib: null, cached: true },
  };
  const watched = await watch(t, completed("success", { result: result({ compile }) }));
  const section = watched.shown.one("[aria-labelledby=execution-compiler]");
  assert.match(section.textContent ?? "", /the same program was compiled before/);
  assert.equal(section.querySelectorAll(".output").length, 0);
});

test("tests have a row each, and are opened one by one", async (t) => {
  const tests = [
    testResult({ name: "first", points: 2 }),
    testResult({ name: "second", outcome: "wrong_output", stdout: "4\n", stdout_bytes: 2 }),
    testResult({ name: "third", outcome: "skipped", wall_ms: null, cpu_ms: null }),
  ];
  const more = { result: result({ tests, points: 2, points_max: 6 }) };
  const watched = await watch(t, completed("wrong_output", more));
  watched.service.on(SUBMISSION, {
    tests: [{}, { expected_output: "5\n" }, {}],
  });
  assert.equal(watched.state, "2 of 3 tests did not succeed.");
  assert.equal(watched.shown.one("#execution-tests").textContent, "Tests: 2 of 6 points");
  assert.deepEqual(watched.shown.rows(".execution-tests tbody tr"), [
    ["first", "Success", "10 ms", "5 ms", "1 MiB", "2"],
    ["second", "Wrong output", "10 ms", "5 ms", "1 MiB", ""],
    ["third", "Skipped", "", "", "1 MiB", ""],
  ]);
  await watched.shown.click("second");
  assert.equal(watched.shown.button("second").getAttribute("aria-expanded"), "true");
  assert.deepEqual(watched.shown.texts(".difference-rows tbody .difference-number"), [
    ...["1", "", "", "1"],
  ]);
  assert.equal(
    watched.shown.link("Download stdout").getAttribute("href"),
    `${PATH}/tests/1/stdout`,
  );
  await watched.shown.click("second");
  assert.equal(watched.shown.all(".execution-test-more").length, 0);
});

test("many tests are shown on demand", async (t) => {
  const tests = Array.from({ length: 60 }, (_, index) => testResult({ name: `t${index}` }));
  const watched = await watch(t, completed("success", { result: result({ tests }) }));
  assert.equal(watched.shown.all(".execution-tests tbody tr").length, 50);
  await watched.shown.click("Show all 60 tests");
  assert.equal(watched.shown.all(".execution-tests tbody tr").length, 60);
});

test("a wrong output is compared with what was expected, all of it", async (t) => {
  const used = result({ stdout: "1\n", stdout_bytes: 6 });
  const watched = await watch(t, completed("wrong_output", { id: "01D", result: used }), {
    "GET /api/v1/executions/01D/submission": { expected_output: "1\n2\n4" },
    "GET /api/v1/executions/01D/stdout": () => new Response("1\n2\n3\n"),
  });
  await watched.clock.wait(1);
  const rows = watched.shown.all(".difference-rows tbody tr").map((each) => each.className);
  assert.deepEqual(rows, [
    "difference-same",
    "difference-same",
    "difference-missing",
    "difference-extra",
  ]);
});

test("what was submitted is loaded when somebody looks, and shown as text", async (t) => {
  const watched = await watch(t, execution({ id: "01E" }));
  watched.service.on("GET /api/v1/executions/01E/submission", {
    files: [
      { name: "main.py", content: "print('<b>')\u202e" },
      { name: "data", content: Buffer.from("a\u0000").toString("base64"), encoding: "base64" },
    ],
    stdin: "in",
    args: ["-x", "a b"],
    env: { A: "1" },
    tests: [{}],
  });
  assert.equal(watched.service.sent("GET /api/v1/executions/01E/submission").length, 0);
  const details = watched.shown.one<HTMLDetailsElement>(".execution-inputs");
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
  await settle();
  const texts = watched.shown.all("pre.execution-text");
  assert.deepEqual(
    texts.map((each) => [each.getAttribute("aria-label"), each.textContent]),
    [
      ["main.py", "print('<b>')\\u202e"],
      ["data", "a\u2400"],
      ["stdin", "in"],
    ],
  );
  assert.deepEqual(watched.shown.texts(".execution-list code"), ["-x", "a b", "A=1"]);
  assert.match(watched.shown.text, /1 test: its input is shown with its result\./);
});

test("only harmless pictures are shown, and the others downloaded", async (t) => {
  const artifact = (name: string, media_type: string, bytes = 10) => ({
    ...{ name, media_type, bytes, url: `${PATH}/artifacts/${name}` },
  });
  const artifacts = [
    artifact("plots/a.png", "image/png"),
    artifact("b.svg", "image/svg+xml"),
    artifact("c.html", "text/html"),
    artifact("large.png", "image/png", 3 * 1024 * 1024),
  ];
  const left = [{ name: "d.bin", reason: "too large" }];
  const more = { result: result({ artifacts, artifacts_left_out: left }) };
  t.mock.method(URL, "createObjectURL", () => "blob:picture");
  const visited: string[] = [];
  const watched = await watch(t, execution());
  watched.service.on(`GET ${PATH}/artifacts/*`, ({ path }: Sent) => {
    visited.push(path);
    return new Response("png");
  });
  watched.service.on(`GET ${PATH}`, completed("success", more));
  await watched.clock.wait(2000);
  assert.deepEqual(visited, [`${PATH}/artifacts/plots/a.png`]);
  assert.deepEqual(
    watched.shown.all("img").map((each) => each.getAttribute("alt")),
    ["Artifact plots/a.png"],
  );
  assert.equal(watched.shown.all("iframe, object, embed").length, 0);
  const names = watched.shown
    .all(".execution-artifact")
    .map((each) => each.getAttribute("download"));
  assert.deepEqual(names, ["a.png", "b.svg", "c.html", "large.png"]);
  assert.match(watched.shown.text, /d\.bin: too large/);
  await watched.shown.click("Show");
  assert.equal(watched.shown.all("img").length, 2);
});

test("attempts are drawn one above the other, with how long each phase took", async (t) => {
  const watched = await watch(t);
  await watched.become("queued", 0);
  await watched.clock.wait(1000);
  await watched.become("admitted", 1);
  await watched.become("running", 1);
  await watched.clock.wait(2000);
  await watched.become("queued", 1, { message: "The worker was lost." });
  assert.equal(watched.shown.all(".timeline-attempt").length, 2);
  const [first, second] = watched.shown.rows("[aria-label='Phases of each attempt'] tbody tr");
  assert.deepEqual(first, ["1", "1 s", "< 1 ms", "2 s", "", "Lost: The worker was lost."]);
  assert.equal(second?.[0], "2");
  assert.match(second?.[1] ?? "", /…$/);
});

test("whoever leaves ends the stream, and asks for nothing more", async (t) => {
  const watched = await watch(t);
  await watched.shown.render(null);
  await until(() => watched.streams[0]?.isCancelled === true);
  const before = watched.service.requests.length;
  await watched.clock.wait(60_000);
  assert.equal(watched.service.requests.length, before);
});
