import { Select } from "../parts/field.tsx";
import { counted } from "../parts/format.ts";
import { problemAt, useForm } from "./form.ts";
import { nameOf } from "./languages.ts";
import { LimitFields } from "./limit-fields.tsx";
import type { Draft } from "./model.ts";
import { OtherFields } from "./other-fields.tsx";
import { Rows } from "./rows.tsx";

const STREAMS = [
  ["separate", "Separate"],
  ["merged", "Merged, in exact order"],
] as const;
const BUFFERING = [
  ["", "Lines, or blocks if the output is judged"],
  ["line", "Each line at once"],
  ["block", "In blocks, as the language sees fit"],
] as const;

/** How the program is compiled and run, and what is kept of it. */
export function SettingsPanel() {
  const form = useForm();
  const { draft, change, language } = form;
  return (
    <>
      <LimitFields />
      <div class="playground-pair">
        <Select
          label="stdout and stderr"
          data-field="streams"
          options={STREAMS}
          value={draft.streams}
          problem={problemAt(form, "streams")}
          onChange={(event) => {
            const streams = event.currentTarget.value as Draft["streams"];
            change((last) => ({ ...last, streams }));
          }}
        />
        <Select
          label="Buffering"
          data-field="buffering"
          options={BUFFERING}
          value={draft.buffering ?? ""}
          problem={problemAt(form, "buffering")}
          onChange={(event) => {
            const buffering = (event.currentTarget.value || null) as Draft["buffering"];
            change((last) => ({ ...last, buffering }));
          }}
        />
      </div>
      {(language?.compiled || draft.compileArgs.length > 0) && (
        <Rows
          name="compile_args"
          label="Arguments of the compiler"
          one="Compiler argument"
          texts={draft.compileArgs}
          onChange={(compileArgs) => change((last) => ({ ...last, compileArgs }))}
        />
      )}
      <Rows
        name="artifacts"
        label="Files to keep"
        one="Pattern"
        texts={draft.artifacts}
        onChange={(artifacts) => change((last) => ({ ...last, artifacts }))}
      />
      <p class="hint">Patterns as in git's ignore files: *.png, out/**.</p>
      <OtherFields />
      <Packages />
    </>
  );
}

function Packages() {
  const { language } = useForm();
  const packages = Object.entries(language?.packages ?? {});
  if (!language || packages.length === 0) return null;
  return (
    <details class="playground-packages">
      <summary>
        {counted(packages.length, "package")} of {nameOf(language.name)} {language.version}
      </summary>
      <ul>
        {packages.map(([name, version]) => (
          <li key={name}>
            {name} <span class="hint">{version}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
