/** Who is told what a stream consists of, in order. */
export interface AnsiReader {
  /** Visible text. Lines end with LF. */
  text(text: string): void;
  /** A change of colours and style: the parameters of an SGR sequence. */
  sgr(parameters: string): void;
}

/** The most characters of a sequence. What is longer is text. */
const LONGEST = 4096;

// What begins a sequence or ends a line.
const SPECIAL = /[\r\x1b\x90\x98\x9b\x9d-\x9f]/g;
// Other control characters, and those that change the direction of text or hide in it.
const HIDDEN =
  /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x8f\x91-\x97\x99\x9a\x9c\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const NOT_PLAIN = new RegExp(`${SPECIAL.source}|${HIDDEN.source}`);
const CONTROL = /(?:\x1b\[|\x9b)([0-?]{0,255})([ -/]{0,9})([@-~])/y;
// No control character is part of its body, so that no character is looked at twice.
const STRING =
  /(?:\x1b[\]PX^_k]|[\x90\x98\x9d-\x9f])[^\x00-\x08\x0a-\x1f\x7f-\x9f]{0,4096}(?:[\x07\x18\x1a\x9c]|\x1b\\)/y;
const SHORT = /\x1b[ -/]{0,9}[0-~]/y;
const BEGUN =
  /(?:\x1b[ -/]{0,9}|(?:\x1b\[|\x9b)[0-?]{0,255}[ -/]{0,9}|(?:\x1b[\]PX^_k]|[\x90\x98\x9d-\x9f])[^\x00-\x08\x0a-\x1f\x7f-\x9f]*\x1b?)$/y;

/**
 * Separates text from escape sequences (ECMA-48), which may be split anywhere between two calls.
 *
 * Colours and styles (SGR) are reported; all other sequences are dropped and never interpreted: no
 * cursor, no title, no link. Text is never hidden: what is no complete sequence is text, CR alone
 * is a line break, and other control characters become visible.
 */
export class AnsiParser {
  #held = "";

  feed(chunk: string, reader: AnsiReader): void {
    this.#held = readAtOnce(this.#held + chunk, reader, false);
  }

  /** The stream has ended: what was held back is not the beginning of a sequence. */
  end(reader: AnsiReader): void {
    readAtOnce(this.#held, reader, true);
    this.#held = "";
  }
}

/** Reports all text between two changes of style at once: hostile output consists of crumbs. */
function readAtOnce(input: string, reader: AnsiReader, whole: boolean): string {
  if (input !== "" && input.search(NOT_PLAIN) < 0) {
    reader.text(input);
    return "";
  }
  let text = "";
  const flush = () => {
    if (text !== "") reader.text(text);
    text = "";
  };
  const gathered = {
    text: (part: string) => void (text += part),
    sgr: (parameters: string) => {
      flush();
      reader.sgr(parameters);
    },
  };
  const rest = read(input, gathered, whole);
  flush();
  return rest;
}

/** Returns the rest, which may be the beginning of a sequence or of CR LF. */
function read(input: string, reader: AnsiReader, whole: boolean): string {
  let from = 0;
  SPECIAL.lastIndex = 0;
  for (let found = SPECIAL.exec(input); found !== null; found = SPECIAL.exec(input)) {
    const at = found.index;
    if (at > from) reader.text(shown(input.slice(from, at)));
    const length = special(input, at, reader, whole);
    if (length === 0) return input.slice(at);
    from = SPECIAL.lastIndex = at + length;
  }
  if (from < input.length) reader.text(shown(input.slice(from)));
  return "";
}

/** How many characters were used: 0 if it depends on what follows. */
function special(input: string, at: number, reader: AnsiReader, whole: boolean): number {
  const character = input.charAt(at);
  if (character === "\r") return carriageReturn(input, at, reader, whole);
  const control = matched(CONTROL, input, at);
  if (control !== null) {
    if (control[3] === "m" && !control[2] && !/[<-?]/.test(control[1] ?? "")) {
      reader.sgr(control[1] ?? "");
    }
    return control[0].length;
  }
  const begun = whole ? null : matched(BEGUN, input, at);
  if (begun !== null && begun[0].length < LONGEST) return 0;
  const other = matched(STRING, input, at) ?? matched(SHORT, input, at);
  if (other !== null && !isUnfinishedString(other[0])) return other[0].length;
  return 1; // Drop the introducer; the rest is text.
}

function isUnfinishedString(sequence: string): boolean {
  return /^\x1b[[\]PX^_k]$/.test(sequence);
}

function carriageReturn(input: string, at: number, reader: AnsiReader, whole: boolean): number {
  if (at + 1 === input.length && !whole) return 0;
  if (input.charAt(at + 1) !== "\n") reader.text("\n");
  return 1;
}

function matched(pattern: RegExp, input: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(input);
}

function shown(text: string): string {
  return text.replace(HIDDEN, visible);
}

/** A control character as a picture (U+2400), others as their number, as less shows them. */
export function visible(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}
