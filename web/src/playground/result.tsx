import { Shown } from "../parts/states.tsx";
import { useScript } from "../parts/use-script.ts";
import type { Execution } from "./use-run.ts";

/** What shows an execution: nobody needs it before the first run. */
export const loadPanel = () => import("../execution/panel.tsx");

interface Props {
  id: string;
  onExecution: (execution: Execution) => void;
}

export function Result({ id, onExecution }: Props) {
  const loaded = useScript(loadPanel, []);
  return (
    <Shown loaded={loaded}>
      {({ ExecutionPanel }) => (
        <ExecutionPanel key={id} id={id} compact onExecution={onExecution} />
      )}
    </Shown>
  );
}
