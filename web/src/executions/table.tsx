import type { RefObject } from "preact";
import { StateBadge } from "../parts/badge.tsx";
import { duration } from "../parts/format.ts";
import { Age } from "../parts/time.tsx";
import type { Execution } from "./use-list.ts";

interface Props {
  rows: readonly Execution[];
  hasOwners: boolean;
  selected: ReadonlySet<string>;
  onToggle: (id: string) => void;
  onToggleAll: () => void;
  body: RefObject<HTMLTableSectionElement | null>;
}

/** The rows of a page. */
export function ExecutionsTable({ rows, hasOwners, selected, onToggle, onToggleAll, body }: Props) {
  return (
    <div
      class="table-frame executions-frame"
      role="region"
      aria-label="Executions, newest first"
      tabIndex={0}
    >
      <table class="table executions-table">
        <caption class="unseen">Executions, newest first. Press ? for keys.</caption>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select all on this page"
                checked={rows.length > 0 && rows.every((row) => selected.has(row.id))}
                onChange={onToggleAll}
              />
            </th>
            {titles(hasOwners).map((title) => (
              <th key={title} scope="col" class={title === "Duration" ? "is-number" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, index) => (
            <Row
              key={row.id}
              row={row}
              isFirst={index === 0}
              hasOwners={hasOwners}
              isSelected={selected.has(row.id)}
              onToggle={onToggle}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function titles(hasOwners: boolean): string[] {
  const owner = hasOwners ? ["Owner"] : [];
  return ["State", "Execution", "Submitted", "Duration", "Language", ...owner, "Labels"];
}

interface RowProps {
  row: Execution;
  isFirst: boolean;
  hasOwners: boolean;
  isSelected: boolean;
  onToggle: (id: string) => void;
}

function Row({ row, isFirst, hasOwners, isSelected, onToggle }: RowProps) {
  return (
    <tr tabIndex={isFirst ? 0 : -1} class={isSelected ? "is-selected" : undefined} data-id={row.id}>
      <td>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${row.id}`}
          checked={isSelected}
          onChange={() => onToggle(row.id)}
        />
      </td>
      <td>
        <StateBadge state={row.state} outcome={row.outcome} />
      </td>
      <td>
        <a href={`/executions/${row.id}`}>
          <Id id={row.id} />
        </a>
      </td>
      <td>
        <Age of={row.created_at} />
      </td>
      <td class="is-number">{tookOf(row)}</td>
      <td>
        {row.language} <span class="hint">{row.version}</span>
      </td>
      {hasOwners && (
        <td class="executions-owner">
          <bdi>{row.owner}</bdi>
        </td>
      )}
      <td class="executions-labels">
        {row.priority !== "normal" && (
          <span class="executions-label is-priority">{row.priority} priority</span>
        )}
        {Object.entries(row.labels).map(([name, value]) => (
          <bdi key={name} class="executions-label">
            {name}:{value}
          </bdi>
        ))}
      </td>
    </tr>
  );
}

const TAIL = 8;

/** An id, of which a narrow window shows the end: it begins with the time, like its neighbours. */
function Id({ id }: { id: string }) {
  return (
    <code class="executions-id">
      <span class="executions-id-start">{id.slice(0, -TAIL)}</span>
      {id.slice(-TAIL)}
    </code>
  );
}

function tookOf({ started_at, finished_at }: Execution): string {
  if (started_at === null || finished_at === null) return "";
  return duration(Date.parse(finished_at) - Date.parse(started_at));
}
