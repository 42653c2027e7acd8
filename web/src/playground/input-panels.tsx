import type { ComponentChildren } from "preact";
import { Tabs } from "../parts/tabs.tsx";
import { InputPanel } from "./input-panel.tsx";
import { problemsIn, useForm } from "./form.ts";
import type { Panel } from "./pointer.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { TestsPanel } from "./tests-panel.tsx";
import type { Execution } from "./use-run.ts";

interface Props {
  panel: Panel;
  onPanel: (panel: Panel) => void;
  /** What became of the tests that are in the table; null if they were not run. */
  result: Execution | null;
}

/** Everything that a program is given, besides its code. */
export function InputPanels({ panel, onPanel, result }: Props) {
  const form = useForm();
  const { tests } = form.draft;
  const label = (text: string, of: Panel): ComponentChildren => {
    const problems = problemsIn(form, of);
    return problems ? `${text} (${problems} to fix)` : text;
  };
  const tabs = [
    { id: "input", label: label("Input", "input") },
    { id: "tests", label: <Counted count={tests.length}>{label("Tests", "tests")}</Counted> },
    { id: "settings", label: label("Settings", "settings") },
  ];
  return (
    <section class="playground-input" aria-label="Input and settings">
      <Tabs name="Input" tabs={tabs} selected={panel} onSelect={(id) => onPanel(id as Panel)}>
        {panel === "input" && <InputPanel />}
        {panel === "tests" && <TestsPanel result={result} />}
        {panel === "settings" && <SettingsPanel />}
      </Tabs>
    </section>
  );
}

function Counted({ count, children }: { count: number; children: ComponentChildren }) {
  return (
    <>
      {children}
      {count > 0 && (
        <>
          {" "}
          <span class="playground-count">{count}</span>
        </>
      )}
    </>
  );
}
