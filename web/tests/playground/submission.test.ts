import assert from "node:assert/strict";
import test from "node:test";
import { draftOf } from "../../src/playground/draft.ts";
import { NEW_TEST, draftWith } from "../../src/playground/model.ts";
import { submissionOf, withSource } from "../../src/playground/submission.ts";
import { drafts } from "./drafts.ts";
import { randomly } from "./random.ts";

const HELLO = draftWith("python", "main.py", "print(1)\n");
const usual = (language: string): string => (language === "java" ? "Main.java" : "main.py");

test("a form with a program alone sends nothing else", () => {
  assert.deepEqual(submissionOf(HELLO), {
    language: "python",
    files: [{ name: "main.py", content: "print(1)\n" }],
    entrypoint: "main.py",
  });
});

test("every draft comes back from its submission, and from that as JSON", async () => {
  await randomly(500, (random) => {
    const draft = drafts(random);
    const sent: unknown = JSON.parse(JSON.stringify(submissionOf(draft)));
    assert.deepEqual(draftOf(sent, usual), draft);
  });
});

test("a single file with the usual name is a source, and comes back as a file", async () => {
  const sent = withSource(submissionOf(HELLO), "main.py");
  assert.deepEqual(sent, { language: "python", source: "print(1)\n" });
  assert.deepEqual(draftOf(sent, usual), HELLO);
  await randomly(200, (random) => {
    const draft = drafts(random);
    const short = withSource(submissionOf(draft), "main.py");
    assert.deepEqual(draftOf(short, usual), draft);
  });
});

test("what a source can't say stays a list of files", () => {
  const named = submissionOf(draftWith("python", "other.py", ""));
  const marked = submissionOf(draftWith("python", "main.py", "\ufeffprint(1)"));
  const binary = submissionOf({
    ...HELLO,
    files: [{ name: "main.py", content: "AA==", encoding: "base64" }],
  });
  const two = submissionOf({
    ...HELLO,
    files: [...HELLO.files, { name: "b", content: "", encoding: "utf-8" }],
  });
  for (const sent of [named, marked, binary, two])
    assert.deepEqual(withSource(sent, "main.py"), sent);
  assert.deepEqual(withSource(submissionOf(HELLO), undefined), submissionOf(HELLO));
});

test("an empty test is sent as one with an empty input", () => {
  assert.deepEqual(submissionOf({ ...HELLO, tests: [NEW_TEST] }).tests, [{ stdin: "" }]);
});

test("a row without a name and a value is no variable", () => {
  const env: [string, string][] = [
    ["", ""],
    ["A", ""],
  ];
  assert.deepEqual(submissionOf({ ...HELLO, env }).env, { A: "" });
  assert.equal(submissionOf({ ...HELLO, env: [["", ""]] }).env, undefined);
  assert.deepEqual(submissionOf({ ...HELLO, env: [["", "x"]] }).env, { "": "x" });
});

test("a variable can have any name", () => {
  const sent = submissionOf({
    ...HELLO,
    env: [
      ["__proto__", "x"],
      ["constructor", "y"],
    ],
  });
  assert.equal(JSON.stringify(sent.env), '{"__proto__":"x","constructor":"y"}');
  const draft = draftOf(JSON.parse(JSON.stringify(sent)), usual);
  assert.deepEqual(draft?.env, [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});

test("base64 that is a text is shown as one; other bytes stay as they are", () => {
  const sent = {
    language: "python",
    files: [
      { name: "./main.py", content: "cHJpbnQoMSk=", encoding: "base64" },
      { name: "data", content: "AP8=", encoding: "base64" },
    ],
    entrypoint: "./main.py",
    stdin_base64: "aGVsbG8=",
    expected_output_base64: "aGVsbG8=",
    tests: [{ stdin_base64: "/w==" }, { stdin_base64: "YQ==" }],
  };
  const draft = draftOf(sent, usual);
  assert.deepEqual(draft?.files, [
    { name: "main.py", content: "print(1)", encoding: "utf-8" },
    { name: "data", content: "AP8=", encoding: "base64" },
  ]);
  assert.equal(draft?.main, "main.py");
  assert.equal(draft?.stdin, "hello");
  assert.deepEqual(draft?.rest, { expected_output_base64: "aGVsbG8=" }, "it is compared exactly");
  assert.deepEqual(
    draft?.tests.map(({ stdin, rest }) => ({ stdin, rest })),
    [
      { stdin: null, rest: { stdin_base64: "/w==" } },
      { stdin: "a", rest: {} },
    ],
  );
});

test("the main file is the one named, the usual one, or the first", () => {
  const files = [
    { name: "a.java", content: "" },
    { name: "Main.java", content: "" },
  ];
  const mainOf = (more: object): unknown =>
    draftOf({ language: "java", files, ...more }, usual)?.main;
  assert.equal(mainOf({ entrypoint: "a.java" }), "a.java");
  assert.equal(mainOf({}), "Main.java");
  assert.equal(mainOf({ files: [files[0]] }), "a.java");
  assert.equal(mainOf({ entrypoint: "gone" }), "a.java");
});

test("what is not a submission is nothing", () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 10_000; depth++) deep = [deep];
  const source = { language: "python", source: "" };
  const bad: unknown[] = [
    null,
    1,
    "text",
    [],
    {},
    { language: "python" },
    { source: "" },
    { language: 1, source: "" },
    { language: "python", files: [] },
    { language: "python", files: [1] },
    { language: "python", files: [{ name: 1, content: "" }] },
    { language: "python", files: [{ name: "a", content: "", encoding: "utf-16" }] },
    {
      language: "python",
      files: Array.from({ length: 257 }, (_, n) => ({ name: `${n}`, content: "" })),
    },
    { ...source, args: "a" },
    { ...source, args: [1] },
    { ...source, env: { a: 1 } },
    { ...source, env: [] },
    { ...source, limits: { wall_seconds: "1" } },
    { ...source, limits: 3 },
    { ...source, tests: {} },
    { ...source, tests: [{ points: "1" }] },
    { ...source, compare: "same" },
    { ...source, compare: { x: 1 } },
    { ...source, streams: "both" },
    { ...source, stop_on_failure: 1 },
    { ...source, labels: deep },
  ];
  for (const [index, each] of bad.entries())
    assert.equal(draftOf(each, usual), null, `bad[${index}]`);
});
