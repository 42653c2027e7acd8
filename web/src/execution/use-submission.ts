import { api, send } from "../api/client.ts";
import { type Loaded, useLoaded } from "../parts/use-loaded.ts";
import type { Submission } from "./submission.ts";

/** What was submitted. It never changes, so nobody asks twice while a page is open. */
export function useSubmission(id: string): Loaded<Submission> {
  return useLoaded(() => submissionOf(id), [id]);
}

let last: { id: string; submission: Promise<Submission> } | null = null;

function submissionOf(id: string): Promise<Submission> {
  if (last?.id === id) return last.submission;
  const path = { params: { path: { execution_id: id } } };
  const submission = send(
    api.GET("/api/v1/executions/{execution_id}/submission", path),
  ) as Promise<Submission>;
  last = { id, submission };
  submission.catch(() => {
    last = null;
  });
  return submission;
}
