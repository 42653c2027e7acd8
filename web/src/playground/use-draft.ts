import { useEffect, useRef, useState } from "preact/hooks";
import { draftOf } from "./draft.ts";
import type { Draft } from "./model.ts";
import { load, save } from "./storage.ts";
import { submissionOf } from "./submission.ts";

const PAUSE_MS = 300;

export interface Work {
  readonly draft: Draft;
  /** The name of the file in the editor. */
  readonly open: string;
  readonly isChanged: boolean;
  /** false if the browser has no room for the draft. */
  readonly isKept: boolean;
  readonly execution: string | null;
  readonly change: (update: (draft: Draft) => Draft) => void;
  readonly show: (name: string) => void;
  /** Another program, which nobody has changed. */
  readonly replace: (draft: Draft) => void;
  readonly ran: (execution: string) => void;
}

type State = Pick<Work, "draft" | "open" | "isChanged" | "execution">;

/** The draft that the browser keeps for this owner and tab, or `first`. */
export function useDraft(
  owner: string,
  usualName: (language: string) => string,
  first: () => Draft,
): Work {
  const [state, setState] = useState<State>(() => restored(owner, usualName) ?? fresh(first()));
  const isKept = useKept(owner, state);
  return {
    ...state,
    isKept,
    change: (update) => setState((last) => changed(last, update(last.draft))),
    show: (open) => setState((last) => ({ ...last, open })),
    replace: (draft) => setState((last) => ({ ...fresh(draft), execution: last.execution })),
    ran: (execution) => setState((last) => ({ ...last, execution })),
  };
}

function fresh(draft: Draft): State {
  return { draft, open: draft.main, isChanged: false, execution: null };
}

/** The open file stays open, unless it is gone. */
function changed(last: State, draft: Draft): State {
  const isThere = draft.files.some((file) => file.name === last.open);
  return { ...last, draft, open: isThere ? last.open : draft.main, isChanged: true };
}

function restored(owner: string, usualName: (language: string) => string): State | null {
  const kept = load(owner, sessionStorage, localStorage);
  const draft = kept && draftOf(kept.submission, usualName);
  if (!draft) return null;
  const open = draft.files.some((file) => file.name === kept.open) ? kept.open : draft.main;
  return { draft, open, isChanged: kept.changed, execution: kept.execution };
}

/** Keep the state a moment after each change, and at once when the page is left. */
function useKept(owner: string, state: State): boolean {
  const [isKept, setKept] = useState(true);
  const latest = useRef(state);
  latest.current = state;
  const keep = () => {
    const { draft, open, execution, isChanged } = latest.current;
    const submission = submissionOf(draft);
    const kept = { submission, open, execution, changed: isChanged };
    setKept(save(owner, kept, sessionStorage, localStorage));
  };
  useEffect(() => {
    const timer = setTimeout(keep, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  useEffect(() => {
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      keep();
    };
  }, []);
  return isKept;
}
