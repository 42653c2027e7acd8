import { Fragment } from "preact";
import { useState } from "preact/hooks";
import type { components } from "../api/schema.d.ts";
import { Badge } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { bytes, duration } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { visibleText } from "../parts/visible.ts";
import type { Execution } from "./followed.ts";
import { verdictOf } from "./verdict.ts";
import { Compared } from "./wrong-output.tsx";

type TestResult = components["schemas"]["TestResult"];

interface Props {
  execution: Execution;
  tests: readonly TestResult[];
}

/** More are shown on demand. */
const SHOWN = 50;

/** Each test with its verdict; opened, with what it printed and what was expected. */
export function Tests({ execution, tests }: Props) {
  const [isAll, setAll] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(() => new Set());
  const toggle = (index: number) => {
    const next = new Set(opened);
    if (!next.delete(index)) next.add(index);
    setOpened(next);
  };
  const shown = isAll ? tests : tests.slice(0, SHOWN);
  return (
    <section class="execution-section" aria-labelledby="execution-tests">
      <h2 id="execution-tests">Tests{points(execution)}</h2>
      <div class="table-frame" role="region" aria-label="Verdicts of all tests" tabIndex={0}>
        <table class="table execution-tests">
          <thead>
            <tr>
              {["Name", "Outcome"].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
              {["Wall time", "CPU time", "Memory", "Points"].map((title) => (
                <th key={title} scope="col" class="is-number">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((test, index) => (
              <Fragment key={index}>
                <Test test={test} isOpen={opened.has(index)} onToggle={() => toggle(index)} />
                {opened.has(index) && (
                  <tr class="execution-test-more">
                    <td colSpan={6}>
                      <Details execution={execution} test={test} index={index} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {tests.length > shown.length && (
        <Button onClick={() => setAll(true)}>Show all {tests.length} tests</Button>
      )}
    </section>
  );
}

function points({ result }: Execution): string {
  return result?.points == null || result.points_max === null
    ? ""
    : `: ${result.points} of ${result.points_max} points`;
}

function Test({
  test,
  isOpen,
  onToggle,
}: {
  test: TestResult;
  isOpen: boolean;
  onToggle: () => void;
}) {
  return (
    <tr>
      <th scope="row">
        <Button look="quiet" aria-expanded={isOpen} onClick={onToggle}>
          <Icon name={isOpen ? "down" : "right"} />
          <bdi class="execution-test-name">{test.name}</bdi>
        </Button>
      </th>
      <td>
        <Badge name={test.outcome} />
      </td>
      <td class="is-number">{test.wall_ms === null ? "" : duration(test.wall_ms)}</td>
      <td class="is-number">{test.cpu_ms === null ? "" : duration(test.cpu_ms)}</td>
      <td class="is-number">
        {test.memory_peak_kib === null ? "" : bytes(test.memory_peak_kib * 1024)}
      </td>
      <td class="is-number">{test.points}</td>
    </tr>
  );
}

function Details({
  execution,
  test,
  index,
}: {
  execution: Execution;
  test: TestResult;
  index: number;
}) {
  const base = `/api/v1/executions/${execution.id}/tests/${index}`;
  return (
    <div class="execution-test-details">
      <p>{verdictOf(test).reason}</p>
      {test.message && <pre class="execution-text">{visibleText(test.message)}</pre>}
      {test.outcome !== "skipped" && (
        <>
          <Compared
            id={execution.id}
            index={index}
            path={`${base}/stdout`}
            printed={test.stdout}
            size={test.stdout_bytes}
          />
          {test.stderr !== "" && (
            <>
              <h3>stderr</h3>
              <pre class="execution-text">{visibleText(test.stderr)}</pre>
            </>
          )}
          <p class="execution-links">
            <a href={`${base}/stdout`} download={`${test.name}.stdout.txt`}>
              Download stdout
            </a>
            <a href={`${base}/stderr`} download={`${test.name}.stderr.txt`}>
              Download stderr
            </a>
          </p>
        </>
      )}
    </div>
  );
}
