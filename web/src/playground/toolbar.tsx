import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import type { Catalogue } from "./catalogue.ts";
import { ChooseFiles } from "./choose-files.tsx";
import { useTaken } from "./drop-target.tsx";
import { ExampleChoice } from "./example-choice.tsx";
import { problemAt, useForm } from "./form.ts";
import { LanguageChoice } from "./language-choice.tsx";
import type { Draft } from "./model.ts";
import { ShareDialog } from "./share-dialog.tsx";
import type { Run } from "./use-run.ts";

interface Props {
  catalogue: Catalogue;
  run: Run;
  isChanged: boolean;
  replace: (draft: Draft) => void;
  onRun: () => void;
  /** Tests were among the files. */
  onTests: () => void;
}

/** What concerns the program as a whole. */
export function Toolbar({ catalogue, run, isChanged, replace, onRun, onTests }: Props) {
  const form = useForm();
  const take = useTaken(onTests);
  const [shares, setShares] = useState(false);
  const problem = problemAt(form, "language") ?? problemAt(form, "version");
  return (
    <div class="playground-toolbar">
      <LanguageChoice catalogue={catalogue} isChanged={isChanged} replace={replace} />
      <ExampleChoice catalogue={catalogue} isChanged={isChanged} replace={replace} />
      <span class="playground-space" />
      <ChooseFiles label="Add files…" take={take} />
      <Button onClick={() => setShares(true)}>Share…</Button>
      {run.isSending || run.isRunning ? (
        <Button look="danger" aria-keyshortcuts="Escape" onClick={run.cancel}>
          <Icon name="stop" /> Cancel
        </Button>
      ) : (
        <Button look="primary" aria-keyshortcuts="Control+Enter" onClick={onRun}>
          <Icon name="play" /> Run
        </Button>
      )}
      <p class="field-problem" role="alert">
        {problem}
      </p>
      {shares && <ShareDialog onClose={() => setShares(false)} />}
    </div>
  );
}
