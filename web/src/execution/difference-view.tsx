import { useMemo, useState } from "preact/hooks";
import { visibleText } from "../parts/visible.ts";
import { type DifferenceRow, difference, visibleSpace } from "./difference.ts";

interface Props {
  expected: string;
  actual: string;
  /** Whether more was printed than is compared. */
  isCut: boolean;
}

const SIGNS = { same: " ", missing: "−", extra: "+", omitted: "" };
const WORDS = { same: "", missing: "Expected: ", extra: "Printed: ", omitted: "" };

/** What was expected and what was printed, line by line. */
export function DifferenceView({ expected, actual, isCut }: Props) {
  const [isVisible, setVisible] = useState(true);
  const { rows, isPartial } = useMemo(() => difference(expected, actual), [expected, actual]);
  return (
    <div class="difference">
      <p class="difference-key">
        <span class="difference-missing">− expected</span>
        <span class="difference-extra">+ printed</span>
        <label>
          <input type="checkbox" checked={isVisible} onChange={() => setVisible(!isVisible)} />
          Show white space
        </label>
      </p>
      {(isPartial || isCut) && (
        <p class="hint">Only the beginning is compared: this is too large, or too different.</p>
      )}
      <div class="difference-frame" role="group" aria-label="Expected and printed" tabIndex={0}>
        <table class="difference-rows">
          <thead class="unseen">
            <tr>
              <th scope="col">Expected line</th>
              <th scope="col">Printed line</th>
              <th scope="col">Text</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <Row key={index} row={row} isVisible={isVisible} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Longer lines are cut, so that one line of megabytes is no burden. */
const LONGEST = 4_000;

function Row({ row, isVisible }: { row: DifferenceRow; isVisible: boolean }) {
  const show = (text: string) => {
    const cut = visibleText(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
    return isVisible && row.kind !== "omitted" ? visibleSpace(cut) : cut.replace(/\n$/, "");
  };
  return (
    <tr class={`difference-${row.kind}`}>
      <td class="difference-number">{row.expected}</td>
      <td class="difference-number">{row.actual}</td>
      <td class="difference-text">
        <span aria-hidden="true">{SIGNS[row.kind]} </span>
        <span class="unseen">{WORDS[row.kind]}</span>
        {row.parts.map((part, index) =>
          part.differs ? (
            <mark key={index}>{show(part.text)}</mark>
          ) : (
            <span key={index}>{show(part.text)}</span>
          ),
        )}
      </td>
    </tr>
  );
}
