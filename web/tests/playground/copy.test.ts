import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { NotPossible } from "../../src/playground/copy/cli-parts.ts";
import { cli } from "../../src/playground/copy/cli.ts";
import { curl } from "../../src/playground/copy/curl.ts";
import { python } from "../../src/playground/copy/python.ts";
import { isPlain, jsonText, pythonLiteral, shellWord } from "../../src/playground/copy/quoting.ts";
import type { JsonObject } from "../../src/playground/json.ts";
import { draftWith } from "../../src/playground/model.ts";
import { submissionOf } from "../../src/playground/submission.ts";
import { drafts } from "./drafts.ts";
import { randomly, texts } from "./random.ts";

const SITE = "http://127.0.0.1:8000";
const HELLO = submissionOf(draftWith("python", "main.py", "print('hi')\n"));

function printedBy(command: string, args: readonly string[], input: string): string {
  const { stdout, stderr, status } = spawnSync(command, args, { input, encoding: "utf-8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

async function collected<T>(times: number, make: (random: () => number) => T): Promise<T[]> {
  const found: T[] = [];
  await randomly(times, (random) => found.push(make(random)));
  return found;
}

test("a shell reads each word as it was", async () => {
  const words = await collected(300, (random) => texts(random).replaceAll("\0", ""));
  const script = ["", "-n", "a b", "*", "~", ...words]
    .map((each) => `printf '%s\\0' ${shellWord(each)}\n`)
    .join("");
  assert.deepEqual(printedBy("sh", [], script).split("\0"), [
    "",
    "-n",
    "a b",
    "*",
    "~",
    ...words,
    "",
  ]);
});

test("Python reads each literal as it was", async () => {
  const values = await collected(200, (random) => submissionOf(drafts(random)));
  const code = `import json\nprint(json.dumps(${pythonLiteral(values, "")}))`;
  assert.deepEqual(JSON.parse(printedBy("python3", ["-"], code)), values);
});

test("Python reads bytes as they were", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const code = `print(list(${pythonLiteral(all, "")}))`;
  assert.deepEqual(JSON.parse(printedBy("python3", ["-"], code)), [...all]);
});

test("everything in what is copied is visible", async () => {
  await randomly(100, (random) => {
    const submission = submissionOf(drafts(random));
    for (const copied of [curl(submission, SITE), python(submission, SITE)])
      assert.ok(isPlain(copied), copied);
  });
  assert.equal(jsonText("\u202e\u009b\ud800"), String.raw`"\u202e\u009b\ud800"`);
});

test("curl sends the JSON that the heredoc has", async () => {
  await randomly(50, (random) => {
    const submission = submissionOf(drafts(random));
    const [command = "", ...rest] = curl(submission, SITE).split("<<'END_OF_SUBMISSION'\n");
    assert.match(command, /^curl -sS 'http:\/\/127\.0\.0\.1:8000\/api\/v1\/executions\?wait=60' /);
    const body = rest.join("").split("\nEND_OF_SUBMISSION\n")[0] ?? "";
    assert.deepEqual(JSON.parse(body), submission);
  });
});

test("Python's code names each argument", () => {
  const code = python({ language: "python", source: "print(1)", stdin: "a" }, SITE);
  assert.match(
    code,
    /client\.run\(\n {8}"print\(1\)",\n {8}language="python",\n {8}stdin="a",\n {4}\)/,
  );
  const bytes = python({ ...HELLO, stdin_base64: "/w==" }, SITE);
  assert.match(bytes, /stdin=b"\\xff"/);
});

function reasonOf(more: JsonObject): string {
  try {
    cli({ ...HELLO, ...more }, SITE);
  } catch (error) {
    assert.ok(error instanceof NotPossible);
    return error.message;
  }
  return "";
}

test("the script writes the files, and leads nowhere else", () => {
  const script = cli(
    { ...HELLO, files: [{ name: "a b/it's.py", content: "1\n" }], entrypoint: "a b/it's.py" },
    SITE,
  );
  assert.match(script, /^folder=\$\(mktemp -d\)\nmkdir -p "\$folder"\/'program\/a b'\n/);
  assert.ok(script.includes(`printf %s '1\n' >"$folder"/'program/a b/it'\\''s.py'\n`));
  for (const name of ["../a", "/etc/passwd", "a/../../b", "", "a\0b"]) {
    assert.match(reasonOf({ files: [{ name, content: "" }] }), /not a relative path/);
    assert.match(
      reasonOf({ tests: [{ name, stdin: "", expected_output: "" }] }),
      name ? /name of a file/ : /name of a file/,
    );
  }
});

test("what the command line can't say has a reason", () => {
  const test = { stdin: "", expected_output: "" };
  const reasons: [JsonObject, RegExp][] = [
    [{}, /^$/],
    [{ checker: {} }, /checker/],
    [{ keep_output: "none" }, /keep_output/],
    [{ compare: "exact" }, /compare/],
    [{ stop_on_failure: true }, /stop_on_failure/],
    [{ args: ["\0"] }, /NUL/],
    [{ files: [{ name: ".env", content: "" }] }, /dot/],
    [{ files: [{ name: "a/__pycache__/b", content: "" }] }, /dot/],
    [{ expected_output_base64: "YQ==" }, /by lines/],
    [{ expected_output_base64: "/w==" }, /^$/],
    [{ tests: [test, test], stop_on_failure: true, compare: "exact" }, /^$/],
    [{ tests: [{ ...test, args: [] }] }, /args of a test/],
    [{ tests: [{ ...test, points: 2 }] }, /points of a test/],
    [{ tests: [{ expected_output: "" }] }, /needs an input/],
    [{ tests: [{ stdin: "" }] }, /needs an expected output/],
    [{ tests: [{ ...test, expected_output_base64: "/w==" }, { stdin: "" }] }, /expected output/],
    [
      {
        tests: [
          { ...test, name: "b" },
          { ...test, name: "a" },
        ],
      },
      /order/,
    ],
    [{ tests: [test], expected_output: "" }, /only from the tests/],
    [{ tests: [test], compare: { numbers: { absolute: 1, relative: 0 } } }, /one bound/],
    [{ tests: [test], compare: { numbers: { absolute: 1, relative: 1 } } }, /^$/],
  ];
  for (const [more, reason] of reasons) assert.match(reasonOf(more), reason, JSON.stringify(more));
});
