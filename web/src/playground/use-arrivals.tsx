import { useEffect, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { Confirm } from "../parts/dialog.tsx";
import { toast } from "../parts/toast.tsx";
import { type Catalogue, canonical } from "./catalogue.ts";
import { draftOf } from "./draft.ts";
import { nameOf } from "./languages.ts";
import type { Draft } from "./model.ts";
import { visible } from "./names.ts";
import { BadLink, isShared, sharedIn } from "./share.ts";
import type { Work } from "./use-draft.ts";

interface Options {
  /** The execution whose program to open. */
  from: string | null;
  work: Work;
  usualName: (language: string) => string;
  catalogue: Catalogue;
}

/**
 * Opens the program of a link or of an execution. It replaces unsaved work only after a question,
 * which is what this returns, and never runs by itself.
 */
export function useArrivals({ from, work, usualName, catalogue }: Options) {
  const [arrived, setArrived] = useState<Draft | null>(null);

  const arrive = (submission: unknown) => {
    const found = draftOf(submission, usualName);
    if (!found) throw new BadLink("This link has no program that the playground can open.");
    const draft = { ...found, language: canonical(catalogue, found.language) };
    if (work.isChanged) setArrived(draft);
    else work.replace(draft);
  };

  const look = () => {
    const fragment = location.hash;
    if (!from && !isShared(fragment)) return;
    // The address would open it again after a reload, when there is other work.
    history.replaceState(null, "", location.pathname);
    const submission = from ? submissionOf(from) : sharedIn(fragment);
    submission.then(arrive).catch(refuse);
  };
  useEffect(() => {
    look();
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, [from]);

  if (!arrived) return null;
  const replace = async () => work.replace(arrived);
  return (
    <Confirm
      title="Replace your program?"
      verb="Replace"
      isDangerous
      onConfirm={replace}
      onClose={() => setArrived(null)}
    >
      <p>
        {from ? "The execution" : "The link"} has a program in {nameOf(visible(arrived.language))}:
      </p>
      <Files draft={arrived} />
      <p>Your own program would be lost. Nothing is run until you run it.</p>
    </Confirm>
  );
}

const SHOWN_FILES = 6;

function Files({ draft }: { draft: Draft }) {
  const names = draft.files.map((file) => file.name);
  const more = names.length - SHOWN_FILES;
  return (
    <ul class="playground-arrived">
      {names.slice(0, SHOWN_FILES).map((name) => (
        <li key={name}>
          <bdi>{visible(name.slice(0, 200))}</bdi>
        </li>
      ))}
      {more > 0 && <li>and {more} more</li>}
    </ul>
  );
}

function submissionOf(execution_id: string): Promise<unknown> {
  const params = { path: { execution_id } };
  return send(api.GET("/api/v1/executions/{execution_id}/submission", { params }));
}

function refuse(error: unknown): void {
  if (!(error instanceof BadLink) && !(error instanceof Problem)) throw error;
  const isGone = error instanceof Problem && error.status === 404;
  toast(isGone ? "There is no such execution." : error.message, { isProblem: true });
}
