import { useEffect, useMemo } from "preact/hooks";
import type { components } from "../api/schema.d.ts";
import { bytes, duration } from "../parts/format.ts";
import type { Execution } from "./followed.ts";
import { OutputView } from "./output-view.tsx";
import { Output } from "./output.ts";

type Compile = components["schemas"]["CompileResult"];

/** What the compiler said, and what it used. */
export function Compiler({ compile, execution }: { compile: Compile; execution: Execution }) {
  const output = useMemo(() => new Output(), [execution.id]);
  useEffect(() => {
    output.restart();
    output.append("stdout", compile.stdout);
    output.append("stderr", compile.stderr);
    output.end();
  }, [output, compile]);
  const isSilent = compile.stdout === "" && compile.stderr === "";
  return (
    <section class="execution-section" aria-labelledby="execution-compiler">
      <h2 id="execution-compiler">Compiler</h2>
      <p class="hint">{used(compile)}</p>
      {!isSilent && (
        <div class="execution-messages">
          <OutputView
            output={output}
            label="Compiler messages"
            download={(stream) => `/api/v1/executions/${execution.id}/compile/${stream}`}
          />
        </div>
      )}
    </section>
  );
}

function used({ cached, wall_ms, memory_peak_kib, exit_code, signal }: Compile): string {
  if (cached) return "No compiler ran, because the same program was compiled before.";
  const ended = signal === null ? `exit code ${exit_code}` : signal;
  const memory = memory_peak_kib === null ? "" : `, ${bytes(memory_peak_kib * 1024)} of memory`;
  return `${duration(wall_ms)}${memory}, ${ended}`;
}
