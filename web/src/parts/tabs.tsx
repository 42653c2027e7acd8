import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface Tab {
  id: string;
  label: ComponentChildren;
}

interface Props {
  /** What the tabs are of, for screen readers. */
  name: string;
  tabs: readonly Tab[];
  selected: string;
  onSelect: (id: string) => void;
  /** The selected tab's content. */
  children: ComponentChildren;
}

const STEP: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

/** Tabs, which the arrow keys move between (ARIA practices, tabs with automatic activation). */
export function Tabs({ name, tabs, selected, onSelect, children }: Props) {
  const prefix = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    const next = neighbour(tabs, selected, event.key);
    if (!next) return;
    event.preventDefault();
    onSelect(next.id);
    document.getElementById(`${prefix}-${next.id}`)?.focus();
  };
  return (
    <div class="tabs">
      <div class="tabs-list" role="tablist" aria-label={name} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${prefix}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={tab.id === selected}
            aria-controls={`${prefix}-content`}
            tabIndex={tab.id === selected ? 0 : -1}
            onClick={() => onSelect(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        key={selected} // a panel of its own, which begins at its top
        id={`${prefix}-content`}
        class="tabs-content"
        role="tabpanel"
        aria-labelledby={`${prefix}-${selected}`}
      >
        {children}
      </div>
    </div>
  );
}

/** The tab that a key leads to. */
export function neighbour(tabs: readonly Tab[], selected: string, key: string): Tab | undefined {
  if (key === "Home") return tabs[0];
  if (key === "End") return tabs.at(-1);
  const step = STEP[key];
  if (step === undefined) return undefined;
  const index = tabs.findIndex((tab) => tab.id === selected);
  return tabs[(index + step + tabs.length) % tabs.length];
}
