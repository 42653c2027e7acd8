import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { toast } from "../parts/toast.tsx";
import { useSession } from "../shell/session.ts";
import { type Filter, inWords, isEverything, toQuery } from "./filter.ts";
import { type Saved, loadSaved, storeSaved, withSaved } from "./saved.ts";

const NOT_KEPT = "The browser does not keep this filter: it stores nothing for this page.";

/** Filters by name, as links; this browser keeps them. */
export function SavedFilters({ filter }: { filter: Filter }) {
  const { name: owner } = useSession();
  const [saved, setSaved] = useState(() => loadSaved(owner));
  const [isNaming, setNaming] = useState(false);
  const store = (next: Saved[]) => {
    if (!storeSaved(owner, next)) toast(NOT_KEPT, { isProblem: true });
    setSaved(next);
  };
  const query = toQuery(filter).toString();
  const isKnown = saved.some((each) => each.query === query);
  if (saved.length === 0 && isEverything(filter)) return null;
  return (
    <nav class="executions-saved" aria-label="Saved filters">
      <ul class="executions-chips">
        {saved.map(({ name, query: own }) => (
          <li key={name} class="executions-saved-one">
            <a href={`/executions?${own}`} aria-current={own === query ? "true" : undefined}>
              <bdi>{name}</bdi>
            </a>
            <Button
              look="quiet"
              aria-label={`Forget the filter ${name}`}
              onClick={() => store(saved.filter((each) => each.name !== name))}
            >
              <Icon name="cross" />
            </Button>
          </li>
        ))}
      </ul>
      {!isEverything(filter) && !isKnown && (
        <Button look="quiet" onClick={() => setNaming(true)}>
          <Icon name="plus" />
          Save this filter
        </Button>
      )}
      {isNaming && (
        <Naming
          suggestion={inWords(filter)}
          onName={(name) => store(withSaved(saved, { name, query }))}
          onClose={() => setNaming(false)}
        />
      )}
    </nav>
  );
}

interface NamingProps {
  suggestion: string;
  onName: (name: string) => void;
  onClose: () => void;
}

function Naming({ suggestion, onName, onClose }: NamingProps) {
  const [name, setName] = useState(suggestion);
  const save = (event: Event) => {
    event.preventDefault();
    if (name.trim() === "") return;
    onName(name.trim());
    onClose();
  };
  return (
    <Dialog title="Save this filter" onClose={onClose}>
      <form onSubmit={save}>
        <Field
          label="Name"
          value={name}
          maxLength={60}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <div class="dialog-buttons">
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary">
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
