import type { ButtonHTMLAttributes } from "preact";

type Props = ButtonHTMLAttributes & { look?: "normal" | "primary" | "danger" | "quiet" };

/** A button, which sends no form unless its type says so. */
export function Button({ look = "normal", class: more, ...rest }: Props) {
  return <button type="button" {...rest} class={`button button-${look} ${more ?? ""}`} />;
}
