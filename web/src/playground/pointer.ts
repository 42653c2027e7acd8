/** JSON pointers of problem documents, and the fields of the form that they name. */

export type Panel = "code" | "input" | "tests" | "settings";

export interface Field {
  readonly panel: Panel;
  /** What the form calls it: the key of a message, and the part of an element's id. */
  readonly name: string;
  /** The index of the file, test, argument or pattern. */
  readonly index: number | null;
}

const PANELS = new Map<string, Panel>(
  Object.entries({
    language: "code",
    version: "code",
    source: "code",
    files: "code",
    entrypoint: "code",
    stdin: "input",
    args: "input",
    env: "input",
    expected_output: "tests",
    compare: "tests",
    tests: "tests",
    stop_on_failure: "tests",
    limits: "settings",
    compile_args: "settings",
    artifacts: "settings",
    streams: "settings",
    buffering: "settings",
  }),
);
const OF_OTHER_FIELDS = "other";
const COLUMNS = new Map(
  Object.entries({
    name: "name",
    stdin: "stdin",
    expected_output: "expected",
    points: "points",
  }),
);

/** Everything that has no control of its own is in the field of the other fields. */
export function fieldAt(pointer: string): Field {
  const [first = "", second, third] = partsOf(pointer);
  const panel = PANELS.get(first);
  if (!panel) return { panel: "settings", name: OF_OTHER_FIELDS, index: null };
  if (first === "source") return { panel, name: "files", index: 0 };
  if (first === "limits" && second !== undefined)
    return { panel, name: `limits.${second}`, index: null };
  const index = second !== undefined && /^\d{1,4}$/.test(second) ? Number(second) : null;
  if (first === "tests" && index !== null) {
    return { panel, name: `tests.${COLUMNS.get(third ?? "") ?? "other"}`, index };
  }
  return { panel, name: first, index };
}

/** For an entry of an object, such as `/env/NAME`: its name. A long one is cut in the pointer. */
export function entryAt(pointer: string): string | null {
  return partsOf(pointer)[1] ?? null;
}

/** RFC 6901, section 4. */
function partsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
