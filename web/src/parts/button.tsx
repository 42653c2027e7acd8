import type { ButtonHTMLAttributes } from "preact";

export type Look = "normal" | "primary" | "danger" | "quiet";
type Props = ButtonHTMLAttributes & { look?: Look };

/** A button, which sends no form unless its type says so. */
export function Button({ look = "normal", class: more, ...rest }: Props) {
  return <button type="button" {...rest} class={`button button-${look} ${more ?? ""}`} />;
}
