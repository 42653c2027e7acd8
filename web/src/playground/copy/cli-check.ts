/** What the command line can't say. */

import { type JsonObject, isObject } from "../json.ts";
import { isRelative } from "../names.ts";
import { naturally } from "../tests-import.ts";
import { type File, NotPossible, type Test, bound, nameOf, stdinOf } from "./cli-parts.ts";

const KNOWN = new Set([
  "language",
  "version",
  "files",
  "entrypoint",
  "stdin",
  "stdin_base64",
  "args",
  "env",
  "compile_args",
  "limits",
  "compile_limits",
  "streams",
  "buffering",
  "expected_output",
  "expected_output_base64",
  "compare",
  "tests",
  "stop_on_failure",
  "artifacts",
  "priority",
  "callback_url",
  "labels",
]);
const OF_TEST = new Set([
  "name",
  "stdin",
  "stdin_base64",
  "expected_output",
  "expected_output_base64",
]);

/** Throws NotPossible. */
export function check(submission: JsonObject): void {
  const unknown = Object.keys(submission).find((name) => !KNOWN.has(name));
  if (unknown !== undefined)
    throw new NotPossible(`The command line has no option for ${unknown}.`);
  const tests = submission.tests as Test[] | undefined;
  for (const { name } of submission.files as unknown as File[]) checkName(name);
  if (tests) checkTests(tests, submission);
  else if (submission.compare !== undefined)
    throw new NotPossible("podline run has no option for compare.");
  else if (submission.stop_on_failure)
    throw new NotPossible("podline run has no option for stop_on_failure.");
  const given = [
    submission.args,
    submission.compile_args,
    submission.env,
    submission.labels,
    submission.artifacts,
  ];
  if (JSON.stringify(given).includes("\\u0000"))
    throw new NotPossible("A command's argument can't have a NUL.");
}

function checkName(name: string): void {
  const parts = name.split("/");
  if (!isRelative(name) || name.includes("\0"))
    throw new NotPossible("A file's name is not a relative path.");
  if (parts.some((part) => part.startsWith(".") || part === "__pycache__")) {
    throw new NotPossible("podline run leaves out files and folders whose names begin with a dot.");
  }
}

function checkTests(tests: readonly Test[], submission: JsonObject): void {
  const names = tests.map(nameOf);
  tests.forEach(checkTest);
  if (names.some((name, at) => at > 0 && naturally(names[at - 1] ?? "", name) >= 0)) {
    throw new NotPossible("podline judge runs tests in the order of their names.");
  }
  if (submission.expected_output !== undefined || submission.expected_output_base64 !== undefined) {
    throw new NotPossible("podline judge takes expected output only from the tests.");
  }
  if (isObject(submission.compare) && !bound(submission.compare)) {
    throw new NotPossible("podline judge takes one bound for numbers, absolute and relative.");
  }
}

function checkTest(test: Test, index: number): void {
  const unknown = Object.keys(test).find((name) => !OF_TEST.has(name));
  if (unknown !== undefined)
    throw new NotPossible(`podline judge has no option for ${unknown} of a test.`);
  if (!isRelative(nameOf(test, index)) || nameOf(test, index).includes("\0")) {
    throw new NotPossible("A test's name can't be the name of a file.");
  }
  if (stdinOf(test) === null) throw new NotPossible("podline judge needs an input for each test.");
  if (test.expected_output === undefined) {
    throw new NotPossible(
      "podline judge needs an expected output, which is a text, for each test.",
    );
  }
}
