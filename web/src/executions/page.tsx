import { useRef, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { counted } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { Empty, Shown } from "../parts/states.tsx";
import { go } from "../shell/router.ts";
import type { PageProps } from "../shell/page-props.ts";
import { type Action, BulkDialog, type Chosen } from "./bulk.tsx";
import { type Filter, fromQuery, inWords, isEverything, toQuery, toSelection } from "./filter.ts";
import { Filters } from "./filters.tsx";
import { Help } from "./help.tsx";
import { toggled } from "./rows.ts";
import { SavedFilters } from "./saved-filters.tsx";
import { ExecutionsTable } from "./table.tsx";
import { useKeys } from "./use-keys.ts";
import { type List, PAGE, useList } from "./use-list.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** The caller's executions, newest first, and what can be done with many of them. */
export default function Executions({ query }: PageProps) {
  const filter = fromQuery(query);
  const cursor = query.get("cursor") ?? "";
  const list = useList(filter, cursor);
  const [selected, setSelected] = useState(NOTHING);
  const [bulk, setBulk] = useState<{ action: Action; chosen: Chosen; what: string } | null>(null);
  const [isHelping, setHelping] = useState(false);
  const show = (next: Filter) => {
    setSelected(NOTHING);
    go(address(next), { replace: true });
  };
  const begin = (action: Action) => setBulk({ action, ...chosenBy(filter, selected) });
  return (
    <div class="executions">
      <div class="page-head">
        <h1>Executions</h1>
        <Button
          look="quiet"
          class="button-small"
          aria-label="Keys"
          title="Keys of this page"
          aria-keyshortcuts="?"
          onClick={() => setHelping(true)}
        >
          <kbd>?</kbd>
        </Button>
        <BulkButtons selected={selected.size} onBulk={begin} />
      </div>
      <Filters filter={filter} onFilter={show} />
      <SavedFilters filter={filter} />
      <Shown loaded={list.loaded} what="Loading the executions">
        {() => (
          <Rows
            list={list}
            filter={filter}
            cursor={cursor}
            selected={selected}
            onSelect={setSelected}
            onHelp={() => setHelping(true)}
          />
        )}
      </Shown>
      {bulk && (
        <BulkDialog
          {...bulk}
          onClose={() => setBulk(null)}
          onDone={() => {
            setSelected(NOTHING);
            list.loaded.reload();
          }}
        />
      )}
      {isHelping && <Help onClose={() => setHelping(false)} />}
    </div>
  );
}

function address(filter: Filter, cursor = ""): string {
  const query = toQuery(filter);
  if (cursor !== "") query.set("cursor", cursor);
  const text = query.toString();
  return `/executions${text && `?${text}`}`;
}

/** The selected rows; without any, all that match the filter. */
function chosenBy(filter: Filter, selected: ReadonlySet<string>): { chosen: Chosen; what: string } {
  const to = new Date().toISOString();
  if (selected.size === 0) {
    const chosen = { to, ...toSelection(filter, Date.now()) };
    return {
      chosen,
      what: isEverything(filter) ? "All of your executions" : `All that match: ${inWords(filter)}`,
    };
  }
  const owner = filter.owner === "" ? {} : { owner: filter.owner };
  return { chosen: { to, id: [...selected], ...owner }, what: "Those that are selected" };
}

function BulkButtons({ selected, onBulk }: { selected: number; onBulk: (action: Action) => void }) {
  const which = selected === 0 ? "all that match" : `${selected} selected`;
  return (
    <div class="executions-bulk" role="group" aria-label={`Act on ${which}`}>
      <span class="hint">{selected === 0 ? "All that match:" : `${selected} selected:`}</span>
      <Button onClick={() => onBulk("cancel")}>Cancel</Button>
      <Button onClick={() => onBulk("retry")}>Retry</Button>
      <Button look="danger" onClick={() => onBulk("delete")}>
        Delete
      </Button>
    </div>
  );
}

interface RowsProps {
  list: List;
  filter: Filter;
  cursor: string;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
  onHelp: () => void;
}

function Rows({ list, filter, cursor, selected, onSelect, onHelp }: RowsProps) {
  const { rows, fresh, loaded } = list;
  const ids = rows.map((row) => row.id);
  const body = useRef<HTMLTableSectionElement>(null);
  const toggle = (id: string) => onSelect(toggled(selected, id));
  useKeys(body, rows, toggle, onHelp);
  const all = ids.every((id) => selected.has(id));
  const next = loaded.value?.next_cursor;
  return (
    <>
      <p class="executions-fresh" role="status">
        {fresh > 0 && (
          <Button onClick={loaded.reload}>
            <Icon name="retry" />
            Show {fresh >= PAGE ? `${PAGE} or more` : fresh} new
          </Button>
        )}
      </p>
      {rows.length === 0 ? (
        <Nothing filter={filter} />
      ) : (
        <ExecutionsTable
          rows={rows}
          hasOwners={filter.owner !== ""}
          selected={selected}
          onToggle={toggle}
          onToggleAll={() => onSelect(all ? NOTHING : new Set(ids))}
          body={body}
        />
      )}
      <nav class="executions-pages" aria-label="Pages of the list">
        {rows.length > 0 && (
          <span class="hint">{counted(rows.length, "execution")} on this page</span>
        )}
        {cursor !== "" && <a href={address(filter)}>Newest</a>}
        {next && <a href={address(filter, next)}>Older</a>}
      </nav>
    </>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  if (!isEverything(filter))
    return <Empty title="No execution matches">Change the filter, or clear it.</Empty>;
  return (
    <Empty title="There are no executions yet">
      <a href="/">Run a program in the playground</a>
    </Empty>
  );
}
