import assert from "node:assert/strict";
import test from "node:test";
import { completed, result, testResult } from "../support/examples.ts";
import { settle } from "../support/page.tsx";
import { problem } from "../support/service.ts";
import { event } from "../support/stream.ts";
import { SUBMIT, type Workshop, language, open } from "./workshop.tsx";

/** Which field of the form has the focus. */
function focused(): string | undefined {
  return (document.activeElement as HTMLElement).dataset.field;
}

/** What is submitted besides the language and the program. */
async function sent(shop: Workshop): Promise<Record<string, unknown>> {
  const { language, source, ...rest } = await shop.run();
  assert.ok(language);
  assert.ok(source !== undefined);
  return rest;
}

test("a form in which nothing was filled in sends the program alone", async (t) => {
  const shop = await open(t);
  for (const tab of ["Tests", "Settings", "Input"]) await shop.open(tab);
  assert.deepEqual(await sent(shop), {});
});

test("the program gets its input, arguments and environment", async (t) => {
  const shop = await open(t);
  const { shown } = shop;
  await shown.fill("Standard input", "1\n2\n");
  await shown.click("Add argument");
  assert.equal(focused(), "args.0");
  await shown.fill("Argument 1", "two\nlines");
  await shown.click("Add argument");
  await shown.click("Add argument");
  await shown.fill("Argument 3", "-v");
  await shown.click("Remove argument 2");
  await shown.click("Add variable");
  assert.equal(focused(), "env.0");
  await shown.fill("Name of variable 1", "HOME");
  await shown.fill("Value of variable 1", "/tmp");
  await shown.click("Add variable"); // One in which nothing is written is none.
  assert.deepEqual(await sent(shop), {
    stdin: "1\n2\n",
    args: ["two\nlines", "-v"],
    env: { HOME: "/tmp" },
  });
});

test("rows grow with their text, up to twelve lines", async (t) => {
  const { shown } = await open(t);
  await shown.click("Add argument");
  const rows = async (text: string) => {
    await shown.fill("Argument 1", text);
    return Number(shown.field<HTMLTextAreaElement>("Argument 1").rows);
  };
  assert.deepEqual([await rows(""), await rows("a\nb"), await rows("\n".repeat(99))], [1, 2, 12]);
});

test("a problem of one argument is in its row, one of all below them", async (t) => {
  const shop = await open(t);
  for (const _ of "ab") await shop.shown.click("Add argument");
  const errors = [
    { pointer: "/args/1", detail: "has a NUL" },
    { pointer: "/args", detail: "are too many" },
    { pointer: "/env/a~1b", detail: "is no name" },
  ];
  shop.service.on(SUBMIT, () => problem(422, "Not valid", { errors }));
  await shop.run();
  const invalid = ["Argument 1", "Argument 2"].map((name) =>
    shop.shown.field(name).getAttribute("aria-invalid"),
  );
  assert.deepEqual(invalid, [null, "true"]);
  assert.deepEqual(shop.shown.texts("[data-field=args] .field-problem"), [
    "",
    "has a NUL",
    "are too many",
  ]);
  assert.deepEqual(shop.shown.texts(".playground-refused button"), [
    "Argument 2",
    "Arguments",
    "Variable a/b",
  ]);
});

test("limits show their maxima and defaults, and an empty one is not sent", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  const memory = shop.shown.field("Memory, MiB");
  assert.deepEqual([memory.placeholder, memory.max, memory.step], ["256", "2048", "1"]);
  assert.match(memory.closest(".field")?.textContent ?? "", /At most 2,048/);
  // Where a stack has no maximum of its own, it is part of the memory.
  assert.equal(shop.shown.field("Stack, MiB").max, "2048");
  assert.equal(shop.shown.field("Disk, MiB").max, "");
  assert.equal(shop.shown.field("Wall time, s").step, "any");
  await shop.shown.fill("Memory, MiB", "64");
  await shop.shown.fill("Wall time, s", "0.5");
  await shop.shown.fill("Processes", "3");
  await shop.shown.fill("Processes", "");
  assert.deepEqual(await sent(shop), { limits: { memory_mib: 64, wall_seconds: 0.5 } });
});

test("a language that the service lacks has the service's own limits", async (t) => {
  const shop = await open(t, { languages: [] });
  await shop.open("Settings");
  assert.equal(shop.shown.field("Memory, MiB").max, "2048");
});

test("streams, buffering and files to keep are settings", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  await shop.shown.fill("stdout and stderr", "merged");
  await shop.shown.fill("Buffering", "line");
  await shop.shown.click("Add pattern");
  assert.equal(focused(), "artifacts.0");
  await shop.shown.fill("Pattern 1", "*.png");
  assert.deepEqual(await sent(shop), {
    streams: "merged",
    buffering: "line",
    artifacts: ["*.png"],
  });
  await shop.shown.fill("stdout and stderr", "separate");
  await shop.shown.fill("Buffering", "");
});

test("only a compiler has arguments", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  assert.equal(shop.shown.buttons().includes("Add compiler argument"), false);
  await shop.shown.fill("Language", "c");
  await shop.shown.click("Add compiler argument");
  await shop.shown.fill("Compiler argument 1", "-O2");
  assert.deepEqual((await shop.run()).compile_args, ["-O2"]);
});

test("arguments of a compiler stay in sight in a language without one", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  await shop.shown.fill("Language", "c");
  await shop.shown.click("Add compiler argument");
  await shop.shown.fill("Language", "python");
  assert.equal(shop.shown.field("Compiler argument 1").tagName, "TEXTAREA");
});

test("the packages of a language are listed", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  const packages = shop.shown.one(".playground-packages");
  assert.match(packages.querySelector("summary")?.textContent ?? "", /2 packages of Python 3\.12/);
  assert.deepEqual(shop.shown.texts(".playground-packages li"), ["numpy 2.1", "rich 13.0"]);
  await shop.shown.fill("Version", "3.11");
  assert.equal(shop.shown.all(".playground-packages").length, 0);
});

const OTHERS: readonly [typed: string, sent: object | null][] = [
  ['{"labels": {"a": "b"}, "priority": "low"}', { labels: { a: "b" }, priority: "low" }],
  ["  ", {}],
  ["{", null],
  ["[1]", null],
  ["null", null],
  [`${"[".repeat(20)}${"]".repeat(20)}`, null],
  [`{"a": ${"[".repeat(20)}${"]".repeat(20)}}`, null],
];

for (const [typed, expected] of OTHERS) {
  test(`other fields: ${typed.slice(0, 40)} is ${expected ? "sent" : "no object"}`, async (t) => {
    const shop = await open(t);
    await shop.open("Settings");
    const field = shop.shown.field("Other fields of the submission, in JSON");
    await shop.shown.fill(field, typed);
    assert.equal(field.value, typed); // Whoever types is not corrected.
    assert.equal(field.getAttribute("aria-invalid"), expected ? null : "true");
    assert.deepEqual(await sent(shop), expected ?? {});
  });
}

test("what is wrong in other fields stays to be corrected, what is right is formatted", async (t) => {
  const shop = await open(t);
  await shop.open("Settings");
  const field = shop.shown.field("Other fields of the submission, in JSON");
  for (const [typed, shown] of [
    ['{"a":', '{"a":'],
    ['{"a":1}', '{\n  "a": 1\n}'],
  ] as const) {
    await shop.shown.fill(field, typed);
    field.dispatchEvent(new Event("blur"));
    await settle();
    assert.equal(field.value, shown);
  }
});

test("tests are rows; each has what was filled in", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  assert.ok(shop.shown.field("Expected output")); // Without tests, of the program itself.
  await shop.shown.click("Add test");
  assert.equal(focused(), "tests.stdin.0");
  await shop.shown.fill("Input of test 1", "1 2");
  await shop.shown.fill("Expected output of test 1", "3");
  await shop.shown.click("Add test");
  await shop.shown.fill("Name of test 2", "large");
  await shop.shown.fill("Points of test 2", "2.5");
  assert.equal(shop.shown.tab("Tests 2").getAttribute("aria-selected"), "true");
  await shop.shown.tick("Skip the tests after the first that fails");
  assert.deepEqual(await sent(shop), {
    tests: [
      { stdin: "1 2", expected_output: "3" },
      { name: "large", stdin: "", points: 2.5 },
    ],
    stop_on_failure: true,
  });
});

test("tests are removed one by one, or all at once", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  for (const name of ["a", "b", "c"]) {
    await shop.shown.click("Add test");
    await shop.shown.fill(`Name of test ${"abc".indexOf(name) + 1}`, name);
  }
  await shop.shown.click("Remove test 2");
  assert.deepEqual(
    ["Name of test 1", "Name of test 2"].map((label) => shop.shown.field(label).value),
    ["a", "c"],
  );
  await shop.shown.click("Remove all");
  assert.ok(shop.shown.field("Expected output"));
  assert.equal(shop.shown.buttons().includes("Remove all"), false);
});

test("an expected output without tests is the program's", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  await shop.shown.fill("Expected output", "3\n");
  assert.deepEqual(await sent(shop), { expected_output: "3\n" });
});

const COMPARISONS: readonly [choice: string, sent: unknown][] = [
  ["", undefined],
  ["exact", "exact"],
  ["tokens", "tokens"],
  ["numbers", { numbers: { absolute: 1e-9, relative: 1e-9 } }],
];

test("how outputs are compared is a choice, and numbers have two bounds", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  for (const [choice, expected] of COMPARISONS) {
    await shop.shown.fill("Compare", choice);
    const { compare } = JSON.parse(await stored()) as { compare?: unknown };
    assert.deepEqual(compare, expected);
  }
  await shop.shown.fill("Absolute bound", "0.5");
  await shop.shown.fill("Relative bound", "");
  assert.deepEqual((await sent(shop)).compare, { numbers: { absolute: 0.5, relative: 0 } });

  /** The submission, as the browser keeps it. */
  async function stored(): Promise<string> {
    dispatchEvent(new Event("pagehide"));
    await settle();
    const kept = sessionStorage.getItem("podline.playground.ada") ?? "";
    return JSON.stringify((JSON.parse(kept) as { submission: object }).submission);
  }
});

test("a problem of a test is below its row, also if a column isn't the reason", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  for (const _ of "ab") await shop.shown.click("Add test");
  const errors = [
    { pointer: "/tests/1/name", detail: "is also the name of test 1" },
    { pointer: "/tests/1/limits", detail: "are too large" },
    { pointer: "/tests", detail: "are too many" },
  ];
  shop.service.on(SUBMIT, () => problem(422, "Not valid", { errors }));
  await shop.run();
  assert.deepEqual(shop.shown.texts(".playground-test-more"), [
    "is also the name of test 1; are too large",
  ]);
  assert.equal(shop.shown.field("Name of test 2").getAttribute("aria-invalid"), "true");
  assert.equal(shop.shown.field("Name of test 1").getAttribute("aria-invalid"), null);
  assert.equal(shop.shown.one("[data-field=tests]").textContent, "are too many");
});

const PASTED: readonly [what: string, text: string, tests: object[] | null][] = [
  [
    "two columns",
    "1 2\t3\n4 5\t9",
    [
      { stdin: "1 2", expected_output: "3" },
      { stdin: "4 5", expected_output: "9" },
    ],
  ],
  ["three columns", "small\t1\t2", [{ name: "small", stdin: "1", expected_output: "2" }]],
  ["JSON", '[{"stdin": "1", "args": ["x"]}]', [{ stdin: "1", args: ["x"] }]],
  ["one column", "1\n2", null],
  ["rows of several widths", "1\t2\n1\t2\t3", null],
  ["damaged JSON", "[{", null],
];

for (const [what, text, tests] of PASTED) {
  test(`pasted as tests: ${what}`, async (t) => {
    const shop = await open(t);
    await shop.open("Tests");
    await shop.shown.click("Paste…");
    const field = shop.shown.one<HTMLTextAreaElement>("dialog textarea");
    await shop.shown.fill(field, text);
    if (!tests) {
      assert.match(shop.shown.one("dialog").textContent ?? "", /neither two or three columns/);
      assert.equal(shop.shown.button("Add 0 tests").disabled, true);
      return;
    }
    await shop.shown.click(`Add ${tests.length} test${tests.length === 1 ? "" : "s"}`);
    assert.equal(shop.shown.all("dialog").length, 0);
    assert.deepEqual((await sent(shop)).tests, tests);
  });
}

test("fields of a test that the table doesn't show are named, and sent", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  await shop.shown.click("Paste…");
  await shop.shown.fill(
    shop.shown.one<HTMLTextAreaElement>("dialog textarea"),
    '[{"stdin": "1", "args": [], "limits": {"wall_seconds": 1}}]',
  );
  await shop.shown.click("Add 1 test");
  assert.deepEqual(shop.shown.texts(".playground-test-more"), ["Also sent: args, limits."]);
  assert.equal(shop.shown.field("Expected output of test 1").placeholder, "Not compared");
});

test("of many tests, the first, the last and those with a problem are shown", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  await shop.shown.click("Paste…");
  const rows = Array.from({ length: 120 }, (_, number) => `${number}\t${number}`);
  await shop.shown.fill(shop.shown.one<HTMLTextAreaElement>("dialog textarea"), rows.join("\n"));
  await shop.shown.click("Add 120 tests");
  const inputs = () => shop.shown.all("[data-field^='tests.stdin']").length;
  assert.equal(inputs(), 51);
  const errors = [{ pointer: "/tests/80/stdin", detail: "is too large" }];
  shop.service.on(SUBMIT, () => problem(422, "Not valid", { errors }));
  await shop.run();
  assert.equal(inputs(), 52);
  assert.ok(shop.shown.field("Input of test 81"));
  await shop.shown.click("Show more: 68 are hidden");
  assert.equal(inputs(), 101);
});

test("verdicts belong to the tests by their order", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  for (const _ of "abc") await shop.shown.click("Add test");
  await shop.run();
  const tests = ["success", "time_limit", "skipped"].map((outcome) =>
    testResult({ outcome, wall_ms: outcome === "skipped" ? null : 20 }),
  );
  const ended = completed("time_limit", { result: result({ tests }) });
  shop.service.on("GET /api/v1/executions/01A", ended);
  shop.streams[0]?.push(event("result", ended, "5"));
  await settle();
  assert.deepEqual(shop.shown.texts(".playground-verdict"), [
    "Success 20 ms",
    "Time limit 20 ms",
    "Skipped",
  ]);
});

test("the tabs of the form are moved between with the arrow keys", async (t) => {
  const shop = await open(t);
  await shop.shown.press(shop.shown.tab("Input"), "ArrowLeft");
  assert.equal(shop.shown.tab("Settings").getAttribute("aria-selected"), "true");
  assert.equal(document.activeElement, shop.shown.tab("Settings"));
});

test("a language may have no limits for something at all", async (t) => {
  const bare = language("python", "3.12", { limits: { maximum: {}, default: {} } });
  const shop = await open(t, { languages: [bare] });
  await shop.open("Settings");
  const memory = shop.shown.field("Memory, MiB");
  assert.deepEqual([memory.max, memory.placeholder], ["", ""]);
  assert.doesNotMatch(shop.shown.one(".playground-limits").textContent ?? "", /At most/);
});
