/** Programs to begin with, in each language. */

import { type Draft, NEW_TEST, draftWith } from "./model.ts";
import { GREETINGS, HELLOS, SUMS } from "./example-programs.ts";

export const EXAMPLES = {
  hello: "Hello",
  input: "Input",
  tests: "Tests",
  picture: "A picture",
} as const;
export type Example = keyof typeof EXAMPLES;

const PICTURE = `import matplotlib.pyplot as plt

x = [n / 20 for n in range(200)]
plt.plot(x, [value**2 for value in x], label="square")
plt.plot(x, [2**value for value in x], label="power of two")
plt.legend()
plt.savefig("picture.png")
`;

/** Those that a language has, with the packages that are installed for it. */
export function examplesOf(language: string, packages: readonly string[]): Example[] {
  const found: Example[] = HELLOS.has(language) ? ["hello", "input", "tests"] : ["hello"];
  const draws = language === "python" && packages.includes("matplotlib");
  return draws ? [...found, "picture"] : found;
}

/** `usualName` is the language's name of a single file. */
export function exampleOf(example: Example, language: string, usualName: string): Draft {
  const draft = draftWith(language, usualName, programOf(example, language));
  if (example === "input") return { ...draft, stdin: "Ada\n" };
  if (example === "tests") return { ...draft, tests: TESTS };
  if (example === "picture") return { ...draft, artifacts: ["*.png"] };
  return draft;
}

/** The example that the draft is, in another language; the first if that language lacks it. */
export function sameIn(draft: Draft, language: string, usualName: string): Draft {
  const { content } = draft.files[0] ?? { content: "" };
  const offered = examplesOf(language, []);
  const same = offered.find((each) => programOf(each, draft.language) === content);
  return exampleOf(same ?? "hello", language, usualName);
}

function programOf(example: Example, language: string): string {
  if (example === "picture") return PICTURE;
  const programs = { hello: HELLOS, input: GREETINGS, tests: SUMS }[example];
  return programs.get(language) ?? "";
}

const TESTS = [
  { ...NEW_TEST, name: "small", stdin: "1 2\n", expected: "3\n" },
  { ...NEW_TEST, name: "negative", stdin: "-5 3\n", expected: "-2\n" },
  { ...NEW_TEST, name: "large", stdin: "123456789 987654321\n", expected: "1111111110\n" },
];
