import type { ComponentChildren } from "preact";

/** Names and what they stand for; those without a value are left out. */
export function Facts({
  items,
}: {
  items: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  const known = items.filter(([, value]) => value != null && value !== "" && value !== false);
  return (
    <dl class="operator-facts">
      {known.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}
