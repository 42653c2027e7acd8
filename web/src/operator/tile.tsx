import type { ComponentChildren } from "preact";

interface Props {
  label: ComponentChildren;
  value: string;
  /** The list behind the number. */
  href?: string;
  /** What else is known, such as the oldest age. */
  children?: ComponentChildren;
  /** Whether somebody should look at it. */
  isAlarming?: boolean;
}

/** A number, which leads to the list behind it. */
export function Tile({ label, value, href, children, isAlarming }: Props) {
  return (
    <li class={`operator-tile ${isAlarming ? "is-alarming" : ""}`}>
      <Around href={href}>
        <span class="operator-tile-label">{label}</span>
        <span class="operator-tile-value">{value}</span>
      </Around>
      {children && <span class="operator-tile-more">{children}</span>}
    </li>
  );
}

function Around({ href, children }: { href: string | undefined; children: ComponentChildren }) {
  return href === undefined ? <>{children}</> : <a href={href}>{children}</a>;
}

/** Tiles below a heading. */
export function Tiles({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="operator-section" aria-label={title}>
      <h2>{title}</h2>
      <ul class="operator-tiles">{children}</ul>
    </section>
  );
}
