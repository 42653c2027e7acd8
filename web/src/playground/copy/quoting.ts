/** Texts as literals of a shell, of JSON and of Python. */

/** Characters that are invisible, or that a terminal obeys; never the line end. */
const NOT_VISIBLE =
  /[\0-\x09\x0b-\x1f\x7f-\xa0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\p{Cs}]/u;
const ALL_NOT_VISIBLE = new RegExp(NOT_VISIBLE.source, "gu");

/** Whether a terminal shows all of the text, so that people see what they paste. */
export function isPlain(text: string): boolean {
  return !NOT_VISIBLE.test(text);
}

/** One word of a POSIX shell. The text has no NUL. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** JSON that has only visible characters. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(ALL_NOT_VISIBLE, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A Python literal of JSON's values. A text of several lines is one line of code for each. */
export function pythonLiteral(value: unknown, indent: string): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return pythonText(value, indent);
  if (value instanceof Uint8Array) return pythonBytes(value);
  const inner = `${indent}    `;
  const items = Array.isArray(value)
    ? value.map((each) => pythonLiteral(each, inner))
    : Object.entries(value).map(
        ([name, each]) => `${pythonString(name)}: ${pythonLiteral(each, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return bracketed(items, open ?? "", close ?? "", indent);
}

function bracketed(items: readonly string[], open: string, close: string, indent: string): string {
  const line = `${open}${items.join(", ")}${close}`;
  if (line.length <= 60 && !line.includes("\n")) return line;
  return `${open}\n${items.map((item) => `${indent}    ${item},\n`).join("")}${indent}${close}`;
}

function pythonText(text: string, indent: string): string {
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? [];
  if (lines.length < 2) return pythonString(text);
  return `(\n${lines.map((line) => `${indent}    ${pythonString(line)}\n`).join("")}${indent})`;
}

function pythonString(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  return `"${escaped.replace(ALL_NOT_VISIBLE, unicodeEscape)}"`;
}

function pythonBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes, (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\x${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return `b"${shown.join("")}"`;
}
