import type { RefObject } from "preact";
import { StateBadge } from "../parts/badge.tsx";
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
            {["State", "Execution", "Language", "Labels", hasOwners && "Owner", "Submitted"]
              .filter(Boolean)
              .map((title) => (
                <th key={String(title)} scope="col">
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
          <code>{row.id}</code>
        </a>
      </td>
      <td>
        {row.language} <span class="hint">{row.version}</span>
      </td>
      <td class="executions-labels">
        {Object.entries(row.labels).map(([name, value]) => (
          <bdi key={name} class="executions-label">
            {name}:{value}
          </bdi>
        ))}
      </td>
      {hasOwners && (
        <td class="executions-owner">
          <bdi>{row.owner}</bdi>
        </td>
      )}
      <td>
        <Age of={row.created_at} />
      </td>
    </tr>
  );
}
