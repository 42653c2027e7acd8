import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { FieldFrame } from "../parts/field.tsx";
import { count } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { ChooseFiles } from "./choose-files.tsx";
import { CompareField } from "./compare-field.tsx";
import { useTestsTaken } from "./drop-target.tsx";
import { problemAt, useForm } from "./form.ts";
import { NEW_TEST } from "./model.ts";
import { PasteDialog } from "./paste-dialog.tsx";
import { TestRowOf, problemsOf } from "./test-row.tsx";
import { useFocusNext } from "./use-focus-next.ts";
import type { Execution } from "./use-run.ts";

/** What the program has to print: for its input, or for each of several. */
export function TestsPanel({ result }: { result: Execution | null }) {
  const form = useForm();
  const { draft, change } = form;
  const take = useTestsTaken();
  const focusNext = useFocusNext();
  const [pastes, setPastes] = useState(false);
  return (
    <>
      <div class="playground-buttons">
        <Button
          onClick={() => {
            focusNext("tests.stdin", draft.tests.length);
            change((last) => ({ ...last, tests: [...last.tests, NEW_TEST] }));
          }}
        >
          <Icon name="plus" /> Add test
        </Button>
        <Button onClick={() => setPastes(true)}>Paste…</Button>
        <ChooseFiles label="Import files…" take={take} />
        {draft.tests.length > 0 && (
          <Button look="quiet" onClick={() => change((last) => ({ ...last, tests: [] }))}>
            Remove all
          </Button>
        )}
      </div>
      <p class="field-problem" role="alert" data-field="tests" tabIndex={-1}>
        {problemAt(form, "tests")}
      </p>
      {draft.tests.length > 0 ? <Table result={result} /> : <Expected />}
      <CompareField />
      {draft.tests.length > 0 && <StopOnFailure />}
      {pastes && <PasteDialog onClose={() => setPastes(false)} />}
    </>
  );
}

/** More are shown on demand: each takes the page 3 ms. */
const STEP = 50;

function Table({ result }: { result: Execution | null }) {
  const form = useForm();
  const [most, setMost] = useState(STEP);
  const { tests } = form.draft;
  const verdicts = result?.result?.tests ?? [];
  // Somebody looks for the last one, which is new, and for those with a problem.
  const isShown = (at: number) =>
    at < most || at === tests.length - 1 || problemsOf(form, at) !== "";
  const hidden = tests.filter((_, at) => !isShown(at)).length;
  return (
    <>
      <table class="playground-tests">
        <thead>
          <tr>
            <th scope="col">Test</th>
            <th scope="col">Input</th>
            <th scope="col">Expected output</th>
            <th scope="col">Points</th>
            <th scope="col">Verdict</th>
            <th scope="col">
              <span class="unseen">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tests.map(
            (test, at) =>
              isShown(at) && <TestRowOf key={at} at={at} test={test} verdict={verdicts[at]} />,
          )}
        </tbody>
      </table>
      {hidden > 0 && (
        <p class="table-more">
          <Button onClick={() => setMost(most + STEP)}>
            Show more: {count(hidden)} are hidden
          </Button>
        </p>
      )}
    </>
  );
}

function Expected() {
  const form = useForm();
  const { draft, change } = form;
  return (
    <FieldFrame
      label="Expected output"
      hint="Without tests: for the standard input. Leave it empty to compare nothing."
      problem={problemAt(form, "expected_output")}
    >
      {(attributes) => (
        <textarea
          {...attributes}
          class="playground-text"
          data-field="expected_output"
          rows={4}
          spellcheck={false}
          value={draft.expected ?? ""}
          onInput={(event) => {
            const expected = event.currentTarget.value || null;
            change((last) => ({ ...last, expected }));
          }}
        />
      )}
    </FieldFrame>
  );
}

function StopOnFailure() {
  const { draft, change } = useForm();
  return (
    <label class="playground-check">
      <input
        type="checkbox"
        checked={draft.stopOnFailure}
        onChange={(event) => {
          const stopOnFailure = event.currentTarget.checked;
          change((last) => ({ ...last, stopOnFailure }));
        }}
      />
      Skip the tests after the first that fails
    </label>
  );
}
