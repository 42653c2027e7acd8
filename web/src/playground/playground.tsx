import { useEffect, useRef, useState } from "preact/hooks";
import type { FieldProblem, Problem } from "../api/problem.ts";

import { type Catalogue, languageOf } from "./catalogue.ts";
import { CodePanel } from "./code-panel.tsx";
import { DropTarget } from "./drop-target.tsx";
import { exampleOf } from "./examples.ts";
import { type Form, FormContext, focusField } from "./form.ts";
import { InputPanels } from "./input-panels.tsx";
import type { Draft } from "./model.ts";
import { Notices } from "./notices.tsx";
import { type Panel, fieldAt } from "./pointer.ts";
import { Result, loadPanel } from "./result.tsx";
import { StatusLine } from "./status-line.tsx";
import { submissionOf, withSource } from "./submission.ts";
import { Toolbar } from "./toolbar.tsx";
import { useArrivals } from "./use-arrivals.tsx";
import { useDraft } from "./use-draft.ts";
import { useRun } from "./use-run.ts";

interface Props {
  catalogue: Catalogue;
  owner: string;
  /** The execution whose program to open. */
  from: string | null;
}

/** The parts that a narrow window shows one at a time. */
const VIEWS = ["code", "input", "result"] as const;
export type View = (typeof VIEWS)[number];
const VIEW_NAMES: Readonly<Record<View, string>> = {
  code: "Code",
  input: "Input",
  result: "Result",
};

export function Playground({ catalogue, owner, from }: Props) {
  const usualName = (language: string) =>
    languageOf(catalogue, language, null)?.source_name ?? "main.txt";
  const work = useDraft(owner, usualName, () => first(catalogue));
  const [view, setView] = useState<View>("code");
  const [panel, setPanel] = useState<Panel>("input");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [position, setPosition] = useState({ line: 1, column: 1 });
  const [judged, setJudged] = useState<Draft["tests"] | null>(null);

  const run = useRun({
    owner,
    last: work.execution,
    onAccepted: (execution) => work.ran(execution.id),
    onRefused: setProblem,
  });
  const language = languageOf(catalogue, work.draft.language, work.draft.version);
  const start = () => {
    if (run.isSending || run.isRunning) return;
    setProblem(null);
    setJudged(work.draft.tests);
    setView("result");
    loadPanel().catch(() => {}); // It is tried again when it is shown.
    run.start(withSource(submissionOf(work.draft), language?.source_name));
  };
  const question = useArrivals({ from, work, usualName, catalogue });
  useKeys({ start, cancel: run.cancel, isBusy: run.isSending || run.isRunning });

  const show = (field: FieldProblem) => {
    const { panel, name, index } = fieldAt(field.pointer ?? "");
    setView(panel === "code" ? "code" : "input");
    if (panel === "code" && index !== null) work.show(work.draft.files[index]?.name ?? work.open);
    else if (panel !== "code") setPanel(panel);
    setTimeout(() => focusField(name, index));
  };
  const showTests = () => {
    setView("input");
    setPanel("tests");
  };
  const form: Form = {
    draft: work.draft,
    change: work.change,
    problems: problem?.fields ?? [],
    language,
    maxima: catalogue.maxima,
  };
  return (
    <FormContext.Provider value={form}>
      <DropTarget class="playground" data-view={view} onTests={showTests}>
        <h1 class="unseen">Playground</h1>
        <Toolbar
          catalogue={catalogue}
          run={run}
          isChanged={work.isChanged}
          replace={work.replace}
          onRun={start}
          onTests={showTests}
        />
        <ViewSwitch view={view} onChange={setView} />
        <Notices problem={problem} run={run} isKept={work.isKept} onShow={show} />
        <CodePanel work={work} onMove={setPosition} onRun={start} />
        <InputPanels
          panel={panel}
          onPanel={setPanel}
          result={judged === work.draft.tests ? run.execution : null}
        />
        <section class="playground-result" aria-label="Result">
          {run.id ? (
            <Result id={run.id} onExecution={run.seen} />
          ) : (
            <p class="playground-empty">Run the program to see its output here: Ctrl+Enter.</p>
          )}
        </section>
        <StatusLine position={position} execution={run.execution} />
        {question}
      </DropTarget>
    </FormContext.Provider>
  );
}

function first(catalogue: Catalogue): Draft {
  const language = languageOf(catalogue, "python", null) ?? catalogue.languages[0];
  return exampleOf("hello", language?.name ?? "python", language?.source_name ?? "main.py");
}

function ViewSwitch({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  return (
    <div class="playground-views" role="group" aria-label="Part of the page">
      {VIEWS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === view}
          onClick={() => onChange(each)}
        >
          {VIEW_NAMES[each]}
        </button>
      ))}
    </div>
  );
}

interface Keys {
  start: () => void;
  cancel: () => void;
  isBusy: boolean;
}

/** Ctrl+Enter runs; Escape cancels, unless it closes something. */
function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        latest.current.start();
      } else if (event.key === "Escape" && latest.current.isBusy) latest.current.cancel();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
