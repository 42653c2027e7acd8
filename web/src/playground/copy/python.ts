import { bytesOf } from "../bytes.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { pythonLiteral } from "./quoting.ts";

/** Code that runs the program with our Python client. */
export function python(submission: JsonObject, site: string): string {
  const { source, ...others } = asArguments(submission);
  const named = Object.entries(others).map(
    ([name, value]) => `${name}=${pythonLiteral(value, INDENT)}`,
  );
  const first = source === undefined ? [] : [pythonLiteral(source, INDENT)];
  return [
    "from podline import Client",
    "",
    `with Client(${pythonLiteral(site, "")}) as client:  # the key is in PODLINE_KEY`,
    "    execution = client.run(",
    ...[...first, ...named].map((argument) => `${INDENT}${argument},`),
    "    )",
    ...AFTER,
    "",
  ].join("\n");
}

const INDENT = "        ";
const AFTER = [
  'print(execution.outcome, execution.message or "")',
  "if execution.result and execution.result.stdout is not None:",
  '    print(execution.result.stdout, end="")',
  "for test in (execution.result and execution.result.tests) or ():",
  "    print(test.name, test.outcome)",
];

/** Files by name, and bytes in place of base64; also in tests and in the checker. */
function asArguments(sent: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(sent).map(([name, value]) => argument(name, value)));
}

function argument(name: string, value: Json): [string, unknown] {
  if (name === "files" && Array.isArray(value)) return [name, Object.fromEntries(value.map(file))];
  if (name === "tests" && Array.isArray(value))
    return [name, value.map((test) => asArguments(test as JsonObject))];
  if (name === "checker" && isObject(value)) return [name, asArguments(value as JsonObject)];
  if (name.endsWith("_base64"))
    return [name.slice(0, -"_base64".length), bytesOf(String(value)) ?? value];
  return [name, value];
}

function file(sent: Json): [string, unknown] {
  const { name, content, encoding } = sent as {
    name: string;
    content: string;
    encoding?: string;
  };
  return [name, encoding === "base64" ? (bytesOf(content) ?? content) : content];
}
