import type { ComponentChildren, InputHTMLAttributes, SelectHTMLAttributes } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Around {
  label: string;
  /** What to know before filling it in. */
  hint?: ComponentChildren;
  /** What is wrong with what it has. */
  problem?: string | undefined;
}

interface FrameProps extends Around {
  children: (attributes: Record<string, unknown>) => ComponentChildren;
}

/** A label, a control, and what describes it. */
export function FieldFrame({ label, hint, problem, children }: FrameProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": problem ? true : undefined,
      })}
      <p id={`${id}-problem`} class="field-problem" role="alert">
        {problem}
      </p>
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** A labelled input. */
export function Field({ label, hint, problem, ...rest }: Around & InputHTMLAttributes) {
  return (
    <FieldFrame label={label} hint={hint} problem={problem}>
      {(attributes) => <input {...attributes} {...rest} />}
    </FieldFrame>
  );
}

type SelectProps = Around &
  SelectHTMLAttributes & {
    /** Each value, or each value with the text for it. */
    options: readonly (string | readonly [value: string, text: string])[];
  };

/** A labelled choice of one. */
export function Select({ label, hint, problem, options, defaultValue, ...rest }: SelectProps) {
  const element = useRef<HTMLSelectElement>(null);
  useLayoutEffect(() => {
    // Preact gives a select no default value.
    if (element.current && defaultValue !== undefined) element.current.value = String(defaultValue);
  }, []);
  return (
    <FieldFrame label={label} hint={hint} problem={problem}>
      {(attributes) => (
        <select ref={element} class="select" {...attributes} {...rest}>
          {options.map((option) => {
            const [value, text] = typeof option === "string" ? [option, option] : option;
            return (
              <option key={value} value={value}>
                {text}
              </option>
            );
          })}
        </select>
      )}
    </FieldFrame>
  );
}
