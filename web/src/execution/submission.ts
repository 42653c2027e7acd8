/** A submission, as it was sent: what the page reads of it. */
export interface Submission {
  readonly language?: string;
  readonly source?: string;
  readonly files?: readonly SentFile[];
  readonly entrypoint?: string;
  readonly stdin?: string | null;
  readonly stdin_base64?: string | null;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly compile_args?: readonly string[];
  readonly expected_output?: string | null;
  readonly expected_output_base64?: string | null;
  readonly tests?: readonly SentTest[] | null;
  readonly compare?: unknown;
}

export interface SentFile {
  readonly name: string;
  readonly content: string;
  readonly encoding?: string;
}

export interface SentTest {
  readonly name?: string;
  readonly stdin?: string | null;
  readonly stdin_base64?: string | null;
  readonly expected_output?: string | null;
  readonly expected_output_base64?: string | null;
}

/** What a test expected; a test without says nothing, and then the submission decides. Null if nothing was expected. */
export function expectedOf(submission: Submission, index: number | null): string | null {
  const test = index === null ? undefined : submission.tests?.[index];
  return (
    textOf(test?.expected_output, test?.expected_output_base64) ??
    textOf(submission.expected_output, submission.expected_output_base64)
  );
}

/** Whether the end of the text counts: only an exact comparison minds white space there (docs/judging.md). */
export function isExact(submission: Submission, index: number | null): boolean {
  const test = index === null ? undefined : submission.tests?.[index];
  const text =
    test?.expected_output ??
    (test?.expected_output_base64 == null ? submission.expected_output : null);
  return submission.compare === "exact" || (submission.compare == null && text == null);
}

/** What a test, or the program, read. */
export function stdinOf(submission: Submission, index: number | null): string | null {
  const test = index === null ? undefined : submission.tests?.[index];
  return (
    textOf(test?.stdin, test?.stdin_base64) ?? textOf(submission.stdin, submission.stdin_base64)
  );
}

export function textOf(
  text: string | null | undefined,
  base64: string | null | undefined,
): string | null {
  if (text != null) return text;
  return base64 == null ? null : decoded(base64);
}

export function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (each) => each.charCodeAt(0)));
  } catch {
    return base64;
  }
}
