import type { components } from "../api/schema.d.ts";
import { verdictOf } from "../execution/verdict.ts";
import { Badge } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { duration } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { type Form, fieldKey, problemAt, useForm } from "./form.ts";
import type { TestRow } from "./model.ts";

export type Verdict = components["schemas"]["TestResult"];

interface Props {
  at: number;
  test: TestRow;
  verdict: Verdict | undefined;
}

/** One test, and what became of it. */
export function TestRowOf({ at, test, verdict }: Props) {
  const form = useForm();
  const set = (changes: Partial<TestRow>) => form.change((draft) => withTest(draft, at, changes));
  const others = Object.keys(test.rest);
  const cell = (name: string) => ({
    "data-field": fieldKey(`tests.${name}`, at),
    "aria-invalid": problemAt(form, `tests.${name}`, at) ? true : undefined,
    "aria-label": `${LABELS[name]} of test ${at + 1}`,
    spellcheck: false,
  });
  return (
    <>
      <tr>
        <td data-label={LABELS.name}>
          <input
            {...cell("name")}
            placeholder={String(at + 1)}
            value={test.name}
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        </td>
        <td data-label={LABELS.stdin}>
          <textarea
            {...cell("stdin")}
            rows={1}
            placeholder={test.stdin === null ? "Standard input" : ""}
            value={test.stdin ?? ""}
            onInput={(event) => set({ stdin: event.currentTarget.value })}
          />
        </td>
        <td data-label={LABELS.expected}>
          <textarea
            {...cell("expected")}
            rows={1}
            placeholder={test.expected === null ? "Not compared" : ""}
            value={test.expected ?? ""}
            onInput={(event) => set({ expected: event.currentTarget.value || null })}
          />
        </td>
        <td data-label={LABELS.points}>
          <input
            {...cell("points")}
            type="number"
            min={0}
            step="any"
            placeholder="1"
            value={test.points ?? ""}
            onInput={(event) => set({ points: numberIn(event.currentTarget) })}
          />
        </td>
        <td>{verdict && <VerdictOf verdict={verdict} />}</td>
        <td>
          <Button
            look="quiet"
            aria-label={`Remove test ${at + 1}`}
            onClick={() => form.change((draft) => withoutTest(draft, at))}
          >
            <Icon name="cross" />
          </Button>
        </td>
      </tr>
      {(others.length > 0 || problemsOf(form, at)) && (
        <tr class="playground-test-more">
          <td colSpan={6} data-field={fieldKey("tests.other", at)} tabIndex={-1}>
            {others.length > 0 && <span class="hint">Also sent: {others.join(", ")}. </span>}
            <span class="field-problem">{problemsOf(form, at)}</span>
          </td>
        </tr>
      )}
    </>
  );
}

const LABELS: Readonly<Record<string, string>> = {
  name: "Name",
  stdin: "Input",
  expected: "Expected output",
  points: "Points",
};

function VerdictOf({ verdict }: { verdict: Verdict }) {
  const { reason } = verdictOf(verdict);
  return (
    <span class="playground-verdict" title={[reason, verdict.message].filter(Boolean).join(" ")}>
      <Badge name={verdict.outcome} />{" "}
      {verdict.wall_ms != null && <span class="hint">{duration(verdict.wall_ms)}</span>}
    </span>
  );
}

/** What is wrong with a test, if anything. */
export function problemsOf(form: Form, at: number): string {
  const names = [...Object.keys(LABELS), "other"];
  return names.flatMap((name) => problemAt(form, `tests.${name}`, at) ?? []).join("; ");
}

type Draft = Form["draft"];

function withTest(draft: Draft, at: number, changes: Partial<TestRow>): Draft {
  return {
    ...draft,
    tests: draft.tests.map((test, n) => (n === at ? { ...test, ...changes } : test)),
  };
}

function withoutTest(draft: Draft, at: number): Draft {
  return { ...draft, tests: draft.tests.filter((_, n) => n !== at) };
}

function numberIn(input: HTMLInputElement): number | null {
  return Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null;
}
