import { open } from "../api/client.ts";
import { Shown } from "../parts/states.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { DifferenceView } from "./difference-view.tsx";
import { MOST_CHARACTERS, ended } from "./difference.ts";
import type { Execution } from "./followed.ts";
import { expectedOf, isExact } from "./submission.ts";
import { useSubmission } from "./use-submission.ts";

/** How what the program printed differs from what was expected. */
export function WrongOutput({ execution }: { execution: Execution }) {
  return (
    <section class="execution-section" aria-labelledby="execution-difference">
      <h2 id="execution-difference">Expected and printed</h2>
      <Compared
        id={execution.id}
        index={null}
        path={`/api/v1/executions/${execution.id}/stdout`}
        printed={execution.result?.stdout ?? ""}
        size={execution.result?.stdout_bytes ?? 0}
      />
    </section>
  );
}

interface Props {
  id: string;
  /** Of the test; null without tests. */
  index: number | null;
  /** Where all that was printed is. */
  path: string;
  /** The beginning of it. */
  printed: string;
  /** All of it, in bytes. */
  size: number;
}

/** The difference of one run. */
export function Compared({ id, index, path, printed, size }: Props) {
  const submission = useSubmission(id);
  const known = new TextEncoder().encode(printed).length;
  const actual = useLoaded(
    () => (known >= size ? Promise.resolve(printed) : beginning(path)),
    [path, printed],
  );
  return (
    <Shown loaded={submission} what="Loading what was expected">
      {(sent) => {
        const expected = expectedOf(sent, index);
        if (expected === null)
          return <p class="hint">A checker judged the output: no text was expected.</p>;
        const compared = isExact(sent, index) ? (text: string) => text : ended;
        return (
          <Shown loaded={actual} what="Loading what was printed">
            {(text) => (
              <DifferenceView
                expected={compared(expected)}
                actual={compared(text)}
                isCut={size > MOST_CHARACTERS}
              />
            )}
          </Shown>
        );
      }}
    </Shown>
  );
}

async function beginning(path: string): Promise<string> {
  const response = await open(path, { headers: { Range: `bytes=0-${MOST_CHARACTERS - 1}` } });
  return response.text();
}
