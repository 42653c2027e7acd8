import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { Badge, words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Field, Select } from "../parts/field.tsx";
import { Empty, Shown } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { visibleText } from "../parts/visible.ts";
import type { PageProps } from "../shell/page-props.ts";
import { Cut } from "./cut.tsx";
import { filterOf } from "./event-filter.ts";
import { EVENT_TYPES, nameOf } from "./event-types.ts";
import { Head } from "./head.tsx";
import { addressOf, executionAt } from "./links.ts";
import { More } from "./more.tsx";
import { change } from "./query.ts";
import { clock, toLocal, toUtc } from "./times.ts";
import { usePages } from "./use-pages.ts";

type Event = components["schemas"]["Event"];

const ANY = ["", "Any"] as const;

/** The event log: what happened to all executions, oldest first. */
export default function EventsPage({ query }: PageProps) {
  const pages = usePages(
    (cursor, signal) => {
      const asked = { ...filterOf(query), ...(cursor && { cursor }) };
      return send(api.GET("/api/v1/events", { params: { query: asked }, signal }));
    },
    [query.toString()],
  );
  return (
    <>
      <Head title="Events" loaded={pages} />
      <Filters query={query} />
      <Shown loaded={pages} what="Searching the event log">
        {({ items, hasMore }) => (
          <>
            <List events={items} hasMore={hasMore} />
            <More hasMore={hasMore} onMore={pages.more} />
          </>
        )}
      </Shown>
    </>
  );
}

function Filters({ query }: { query: URLSearchParams }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    change(query, {
      execution: text("execution"),
      owner: text("owner"),
      type: text("type"),
      from: toUtc(text("from")),
      to: toUtc(text("to")),
    });
  };
  const given = (name: string) => query.get(name) ?? "";
  return (
    <form class="operator-filters" key={query.toString()} onSubmit={submit}>
      <Field
        label="Execution"
        name="execution"
        defaultValue={given("execution")}
        autocomplete="off"
        spellcheck={false}
      />
      <Field
        label="Owner"
        name="owner"
        defaultValue={given("owner")}
        autocomplete="off"
        spellcheck={false}
      />
      <Select
        label="Type"
        name="type"
        defaultValue={given("type")}
        options={[ANY, ...EVENT_TYPES.map((type) => [type, words(nameOf(type))] as const)]}
      />
      <Field
        label="From"
        name="from"
        type="datetime-local"
        step="1"
        defaultValue={toLocal(given("from"))}
      />
      <Field
        label="Until"
        name="to"
        type="datetime-local"
        step="1"
        defaultValue={toLocal(given("to"))}
      />
      <Button type="submit" look="primary">
        Search
      </Button>
    </form>
  );
}

function List({ events, hasMore }: { events: readonly Event[]; hasMore: boolean }) {
  if (events.length === 0) {
    return (
      <Empty title={hasMore ? "No event matches in the part searched so far" : "No event matches"}>
        {hasMore && <p>More of the log is left to search.</p>}
      </Empty>
    );
  }
  return (
    <Table
      caption="Events"
      items={events.map((event, index) => ({ event, index }))}
      keyOf={({ event, index }) => `${event.id} ${index}`}
      columns={[
        { title: "Time", cell: ({ event }) => <Time of={event.time} /> },
        { title: "Event", cell: ({ event }) => <Badge name={nameOf(event.type)} /> },
        { title: "Execution", cell: ({ event }) => <Execution event={event} /> },
        { title: "Version", isNumber: true, cell: ({ event }) => event.version },
        { title: "Owner", cell: ({ event }) => <Owner event={event} /> },
        { title: "Data", isWide: true, cell: ({ event }) => <Data event={event} /> },
      ]}
    />
  );
}

function Time({ of }: { of: string }) {
  return (
    <time dateTime={of} title={of}>
      {clock(of)}
    </time>
  );
}

function Execution({ event }: { event: Event }) {
  const id = event.id.slice(0, event.id.lastIndexOf("."));
  if (!event.type.startsWith("podline.execution.")) return null;
  return (
    <a href={executionAt(id)}>
      <code>{id}</code>
    </a>
  );
}

function Owner({ event: { data } }: { event: Event }) {
  const owner = textOf(data.owner);
  return owner ? (
    <a href={addressOf("/events", { owner })}>
      <Cut text={owner} />
    </a>
  ) : null;
}

function textOf(fact: unknown): string {
  return typeof fact === "string" ? fact : "";
}

function Data({ event: { data } }: { event: Event }) {
  const message = textOf(data.message) || textOf(data.action) || "Show";
  return (
    <details>
      <summary>
        <Cut text={message} />
      </summary>
      <pre class="operator-text">{visibleText(JSON.stringify(data, null, 2))}</pre>
    </details>
  );
}
