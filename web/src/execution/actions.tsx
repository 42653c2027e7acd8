import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { toast } from "../parts/toast.tsx";
import { go } from "../shell/router.ts";
import { type Execution, type Followed, isTerminal } from "./followed.ts";

/** What can be done with an execution. */
export function Actions({ followed, execution }: { followed: Followed; execution: Execution }) {
  const [isBusy, setBusy] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const path = { params: { path: { execution_id: execution.id } } };
  const during = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toast((error as Error).message, { isProblem: true });
    } finally {
      setBusy(false);
    }
  };
  const cancel = () =>
    during(async () => {
      await send(api.POST("/api/v1/executions/{execution_id}/cancel", path));
      await followed.refresh();
    });
  const retry = () =>
    during(async () => {
      const next = await send(api.POST("/api/v1/executions/{execution_id}/retry", path));
      go(`/executions/${next.id}`);
    });
  const erase = async () => {
    await send(api.DELETE("/api/v1/executions/{execution_id}", path));
    toast("Deleted the execution.");
    go("/executions");
  };
  return (
    <div class="execution-actions">
      {!isTerminal(execution) && (
        <Button look="danger" disabled={isBusy} onClick={cancel}>
          <Icon name="stop" />
          Cancel
        </Button>
      )}
      <a class="button button-normal" href={`/?from=${execution.id}`}>
        Edit and run again
      </a>
      {isTerminal(execution) && (
        <>
          <Button disabled={isBusy} onClick={retry}>
            <Icon name="retry" />
            Retry
          </Button>
          <Button look="danger" disabled={isBusy} onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </>
      )}
      {isDeleting && (
        <Confirm
          title="Delete this execution?"
          verb="Delete"
          isDangerous
          onConfirm={erase}
          onClose={() => setDeleting(false)}
        >
          <p>Its program, its output and its artifacts are erased. This can't be undone.</p>
        </Confirm>
      )}
    </div>
  );
}
