import { useState } from "preact/hooks";
import { CopyButton } from "../parts/copy-button.tsx";
import { bytes } from "../parts/format.ts";
import { Shown } from "../parts/states.tsx";
import { visibleText } from "../parts/visible.ts";
import type { Execution } from "./followed.ts";
import { type Submission, decoded, stdinOf, textOf } from "./submission.ts";
import { useSubmission } from "./use-submission.ts";

/** What was submitted: program, input and limits. It is loaded when somebody looks. */
export function Inputs({ execution }: { execution: Execution }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="execution-section execution-inputs"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h2>Inputs</h2>
      </summary>
      {isOpen && <Contents execution={execution} />}
    </details>
  );
}

function Contents({ execution }: { execution: Execution }) {
  const submission = useSubmission(execution.id);
  return (
    <>
      <Shown loaded={submission} what="Loading the program">
        {(sent) => <Sent submission={sent} />}
      </Shown>
      <h3>Limits</h3>
      <dl class="execution-facts">
        {Object.entries(execution.limits).map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{value ?? "default"}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Sent({ submission }: { submission: Submission }) {
  const stdin = stdinOf(submission, null);
  const expected = textOf(submission.expected_output, submission.expected_output_base64);
  const env = Object.entries(submission.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return (
    <>
      {filesOf(submission).map(({ name, text }) => (
        <Text key={name} title={name} text={text} />
      ))}
      {stdin !== null && <Text title="stdin" text={stdin} />}
      {expected !== null && <Text title="Expected output" text={expected} />}
      <List title="Arguments" items={submission.args ?? []} />
      <List title="Compiler arguments" items={submission.compile_args ?? []} />
      <List title="Environment" items={env} />
      {submission.tests && (
        <p class="hint">
          {submission.tests.length === 1
            ? "1 test: its input is shown with its result."
            : `${submission.tests.length} tests: their inputs are shown with their results.`}
        </p>
      )}
    </>
  );
}

function filesOf({ source, files, entrypoint }: Submission): { name: string; text: string }[] {
  if (files)
    return files.map((file) => ({
      name: file.name,
      text: file.encoding === "base64" ? decoded(file.content) : file.content,
    }));
  return source === undefined ? [] : [{ name: entrypoint ?? "Program", text: source }];
}

const SHOWN = 64 * 1024;

function Text({ title, text }: { title: string; text: string }) {
  return (
    <>
      <div class="execution-text-head">
        <h3>
          <bdi>{title}</bdi>
        </h3>
        <CopyButton text={text} />
      </div>
      <pre class="execution-text" tabIndex={0} role="region" aria-label={title}>
        {visibleText(text.slice(0, SHOWN))}
      </pre>
      {text.length > SHOWN && <p class="hint">The first 64 KiB of {bytes(text.length)}.</p>}
    </>
  );
}

function List({ title, items }: { title: string; items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ol class="execution-list">
        {items.map((item, index) => (
          <li key={index}>
            <code>{visibleText(item)}</code>
          </li>
        ))}
      </ol>
    </>
  );
}
