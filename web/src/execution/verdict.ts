/** What of an execution's or a test's verdict is put in words. */
export interface Facts {
  readonly outcome: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stopped_by: string | null;
}

export type Tone = "good" | "bad" | "warn" | "quiet";

export interface Verdict {
  /** Such as "Time limit". */
  readonly word: string;
  readonly tone: Tone;
  /** A sentence, such as "The program took longer than its limit of wall-clock time." */
  readonly reason: string;
}

export const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  success: "Success",
  wrong_output: "Wrong output",
  runtime_error: "Runtime error",
  memory_limit: "Memory limit",
  time_limit: "Time limit",
  output_limit: "Output limit",
  compile_error: "Compile error",
  checker_error: "Checker error",
  skipped: "Skipped",
};

const TONES: Readonly<Record<string, Tone>> = {
  success: "good",
  memory_limit: "warn",
  time_limit: "warn",
  output_limit: "warn",
  skipped: "quiet",
};

const LIMITS: Readonly<Record<string, string>> = {
  wall_seconds: "took longer than its limit of wall-clock time",
  cpu_seconds: "used more CPU time than its limit",
  memory_mib: "used more memory than its limit",
  output_kib: "printed more than its limit",
};

const SIGNALS: Readonly<Record<string, string>> = {
  SIGSEGV: "it accessed memory that is not its own",
  SIGFPE: "an arithmetic error, such as a division by zero",
  SIGABRT: "it aborted itself",
  SIGILL: "an illegal instruction",
  SIGBUS: "a bus error",
  SIGKILL: "it was killed",
  SIGSYS: "a forbidden system call",
  SIGPIPE: "it wrote where nobody reads",
};

/** The verdict in words. An outcome that is not known here is shown as it is. */
export function verdictOf(facts: Facts): Verdict {
  const outcome = facts.outcome ?? "";
  return {
    word: OUTCOME_WORDS[outcome] ?? outcome.replaceAll("_", " "),
    tone: TONES[outcome] ?? "bad",
    reason: reasonOf(facts),
  };
}

function reasonOf(facts: Facts): string {
  const limit = LIMITS[facts.stopped_by ?? ""];
  switch (facts.outcome) {
    case "success":
      return "The program ended with exit code 0.";
    case "wrong_output":
      return "The program printed something other than what was expected.";
    case "compile_error":
      return limit ? `The compiler ${limit}.` : "The program did not compile.";
    case "checker_error":
      return "The checker did not judge the output.";
    case "skipped":
      return "An earlier test failed, so this one did not run.";
    default:
      return limit ? `The program ${limit}.` : howItEnded(facts);
  }
}

function howItEnded({ exit_code, signal }: Facts): string {
  if (signal !== null) {
    const meaning = SIGNALS[signal];
    return `The program was ended by ${signal}${meaning ? `: ${meaning}` : ""}.`;
  }
  return exit_code === null ? "" : `The program ended with exit code ${exit_code}.`;
}
