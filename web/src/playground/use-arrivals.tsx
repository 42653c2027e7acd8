import { useEffect, useRef, useState } from "preact/hooks";
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

interface Arrived {
  draft: Draft;
  /** "The link" or "The execution". */
  in: string;
}

/**
 * Opens the program of a link or of an execution. It replaces unsaved work only after a question,
 * which is what this returns, and never runs by itself.
 */
export function useArrivals({ from, work, usualName, catalogue }: Options) {
  const [arrived, setArrived] = useState<Arrived | null>(null);
  const latest = useRef(work);
  latest.current = work;

  const arrive = (submission: unknown, in_: string) => {
    const found = draftOf(submission, usualName);
    if (!found) throw new BadLink(`${in_} has no program that the playground can open.`);
    const draft = { ...found, language: canonical(catalogue, found.language) };
    if (latest.current.isChanged) setArrived({ draft, in: in_ });
    else latest.current.replace(draft);
  };

  const look = () => {
    const fragment = location.hash;
    if (!from && !isShared(fragment)) return;
    // The address would open it again after a reload, when there is other work.
    history.replaceState(null, "", location.pathname);
    const isLink = isShared(fragment);
    const submission = isLink || !from ? sharedIn(fragment) : submissionOf(from);
    submission.then((each) => arrive(each, isLink ? "The link" : "The execution")).catch(refuse);
  };
  useEffect(() => {
    look();
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, [from]);

  if (!arrived) return null;
  const replace = async () => work.replace(arrived.draft);
  return (
    <Confirm
      title="Replace your program?"
      verb="Replace"
      isDangerous
      onConfirm={replace}
      onClose={() => setArrived(null)}
    >
      <p>
        {arrived.in} has a program in {nameOf(arrived.draft.language)}:
      </p>
      <Files draft={arrived.draft} />
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
