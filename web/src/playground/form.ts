/** What all fields of the form share: the draft, and what the service said is wrong with it. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FieldProblem } from "../api/problem.ts";
import type { Language, Maxima } from "./catalogue.ts";
import type { Draft } from "./model.ts";
import { type Panel, fieldAt } from "./pointer.ts";

export interface Form {
  readonly draft: Draft;
  readonly change: (update: (draft: Draft) => Draft) => void;
  readonly problems: readonly FieldProblem[];
  /** undefined if the service doesn't offer it. */
  readonly language: Language | undefined;
  readonly maxima: Maxima;
}

export const FormContext = createContext<Form | null>(null);

export function useForm(): Form {
  const form = useContext(FormContext);
  if (!form) throw new Error("There is no form.");
  return form;
}

/** What is wrong with a field, or with one item of it. */
export function problemAt(
  form: Form,
  name: string,
  index: number | null = null,
): string | undefined {
  const found = form.problems.filter(({ pointer }) => {
    const field = fieldAt(pointer ?? "");
    return field.name === name && field.index === index;
  });
  return found.map((each) => each.detail).join("; ") || undefined;
}

export function problemsIn(form: Form, panel: Panel): number {
  return form.problems.filter(({ pointer }) => fieldAt(pointer ?? "").panel === panel).length;
}

/** The attribute by which a field is found, to give it the focus. */
export function fieldKey(name: string, index: number | null = null): string {
  return index === null ? name : `${name}.${index}`;
}

export function focusField(name: string, index: number | null): void {
  const keys = [fieldKey(name, index), fieldKey(name)];
  const elements = keys.map((key) =>
    document.querySelector<HTMLElement>(`[data-field="${CSS.escape(key)}"]`),
  );
  elements.find(Boolean)?.focus();
}
