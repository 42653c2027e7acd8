import type { FieldProblem, Problem } from "../api/problem.ts";
import { age } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { useForm } from "./form.ts";
import { labelAt } from "./labels.ts";
import { visible } from "./names.ts";
import type { Run } from "./use-run.ts";

interface Props {
  problem: Problem | null;
  run: Run;
  isKept: boolean;
  onShow: (field: FieldProblem) => void;
}

/** What stands between the program and its result. */
export function Notices({ problem, run, isKept, onShow }: Props) {
  return (
    <div class="playground-notices" role="status">
      {run.waiting && <Waiting run={run} />}
      {!isKept && (
        <p class="playground-notice">
          <Icon name="alert" />
          The program is too large for the browser to keep: it is lost when you close the page.
        </p>
      )}
      {problem && <Refused problem={problem} onShow={onShow} />}
    </div>
  );
}

/** The program is safe: the same Idempotency-Key is sent each time. */
function Waiting({ run }: { run: Run }) {
  const problem = run.waiting?.problem;
  return (
    <p class="playground-notice">
      <Icon name="clock" />
      <span>
        <strong>{problem?.title}.</strong> The program is not lost and will not run twice: it is
        sent again in {age(run.waiting?.seconds ?? 0)}. Escape gives up.
      </span>
    </p>
  );
}

function Refused({ problem, onShow }: { problem: Problem; onShow: (field: FieldProblem) => void }) {
  return (
    <div class="playground-notice playground-refused">
      <Icon name="alert" />
      <div>
        <strong>{problem.title}</strong>
        {problem.fields.length === 0 && <p>{problem.detail}</p>}
        <ul>
          {problem.fields.map((field) => (
            <li key={`${field.pointer} ${field.detail}`}>
              <button type="button" class="playground-link" onClick={() => onShow(field)}>
                <FieldName pointer={field.pointer ?? ""} />
              </button>{" "}
              {field.detail}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** The field's label; its pointer, if the form has no control for it. */
function FieldName({ pointer }: { pointer: string }) {
  const label = labelAt(pointer, useForm().draft);
  return label === null ? <code>{visible(pointer || "/")}</code> : <bdi>{label}</bdi>;
}
