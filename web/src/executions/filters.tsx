import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Field, Select } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { includes, useSession } from "../shell/session.ts";
import { EVERYTHING, type Filter, fromField, isEverything, toField } from "./filter.ts";

interface Props {
  filter: Filter;
  onFilter: (filter: Filter) => void;
}

const STATES = [
  "queued",
  "admitted",
  "starting",
  "running",
  "finished",
  "completed",
  "failed",
  "cancelled",
];
const OUTCOMES = [
  "success",
  "wrong_output",
  "runtime_error",
  "time_limit",
  "memory_limit",
  "output_limit",
  "compile_error",
  "checker_error",
];
const PRIORITIES = ["critical", "high", "normal", "low", "background"];
const TIMES: readonly (readonly [string, string])[] = [
  ["", "Any time"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["24h", "Last day"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["between", "Between…"],
];

const named = (names: readonly string[]): [string, string][] => [
  ["", "Any"],
  ...names.map((name): [string, string] => [name, words(name)]),
];

/** Which executions the list shows. Each change is in the address at once. */
export function Filters({ filter, onFilter }: Props) {
  const session = useSession();
  const languages = useLoaded(() => send(api.GET("/api/v1/languages")), []);
  const [isBetween, setBetween] = useState(false);
  const change = (more: Partial<Filter>) => onFilter({ ...filter, ...more });
  const clear = () => {
    setBetween(false);
    onFilter(EVERYTHING);
  };
  const known = [
    ...new Set([...(languages.value?.items ?? []).map((each) => each.name), filter.language]),
  ]
    .filter(Boolean)
    .sort();
  return (
    <form
      class="executions-filters"
      aria-label="Filter"
      onSubmit={(event) => event.preventDefault()}
    >
      <Select
        label="State"
        value={filter.state}
        options={named(STATES)}
        onChange={(event) => change({ state: event.currentTarget.value })}
      />
      <Select
        label="Outcome"
        value={filter.outcome}
        options={named(OUTCOMES)}
        onChange={(event) => change({ outcome: event.currentTarget.value })}
      />
      <Select
        label="Language"
        value={filter.language}
        options={[["", "Any"], ...known.map((name): [string, string] => [name, name])]}
        onChange={(event) => change({ language: event.currentTarget.value })}
      />
      <Select
        label="Priority"
        value={filter.priority}
        options={named(PRIORITIES)}
        onChange={(event) => change({ priority: event.currentTarget.value })}
      />
      <Times filter={filter} change={change} isBetween={isBetween} onBetween={setBetween} />
      {includes(session, "operator") && <Owner filter={filter} change={change} />}
      <Labels filter={filter} change={change} />
      {!isEverything(filter) && <Button onClick={clear}>Clear</Button>}
    </form>
  );
}

interface PartProps {
  filter: Filter;
  change: (more: Partial<Filter>) => void;
}

interface TimesProps extends PartProps {
  /** Whether somebody has chosen it, and not said from when yet. */
  isBetween: boolean;
  onBetween: (isBetween: boolean) => void;
}

function Times({ filter, change, isBetween: isChosen, onBetween }: TimesProps) {
  const hasTimes = filter.from !== "" || filter.to !== "";
  const isBetween = hasTimes || (isChosen && filter.within === "");
  const choose = (value: string) => {
    onBetween(value === "between");
    change(value === "between" ? { within: "" } : { within: value, from: "", to: "" });
  };
  return (
    <>
      <Select
        label="Submitted"
        value={isBetween ? "between" : filter.within}
        options={TIMES}
        onChange={(event) => choose(event.currentTarget.value)}
      />
      {isBetween && (
        <>
          <Field
            type="datetime-local"
            label="From"
            value={toField(filter.from)}
            onChange={(event) => change({ from: fromField(event.currentTarget.value) })}
          />
          <Field
            type="datetime-local"
            label="Until"
            value={toField(filter.to)}
            onChange={(event) => change({ to: fromField(event.currentTarget.value) })}
          />
        </>
      )}
    </>
  );
}

function Owner({ filter, change }: PartProps) {
  return (
    <Field
      label="Owner"
      placeholder="You (* for all)"
      value={filter.owner}
      onChange={(event) => change({ owner: event.currentTarget.value.trim() })}
    />
  );
}

function Labels({ filter, change }: PartProps) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const add = () => {
    const label = text.trim();
    if (label === "") return;
    if (label.indexOf(":") < 1) return setProblem("Write name:value, such as course:cs101.");
    setProblem(undefined);
    setText("");
    change({ labels: [...new Set([...filter.labels, label])] });
  };
  return (
    <>
      <Field
        label="Label"
        placeholder="name:value"
        value={text}
        problem={problem}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={add}
      />
      <ul class="executions-chips" aria-label="Labels that must match">
        {filter.labels.map((label) => (
          <li key={label}>
            <Button
              onClick={() => change({ labels: filter.labels.filter((each) => each !== label) })}
              aria-label={`Remove the label ${label}`}
            >
              <bdi>{label}</bdi>
              <Icon name="cross" />
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
