import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Select } from "../parts/field.tsx";
import { count } from "../parts/format.ts";
import { Empty, Shown } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Age } from "../parts/time.tsx";
import { go } from "../shell/router.ts";
import type { PageProps } from "../shell/page-props.ts";
import { Cut } from "./cut.tsx";
import { NOTHING } from "./figures.ts";
import { Head } from "./head.tsx";
import { LetterBadge } from "./letter-badge.tsx";
import { BulkDialog, type Action } from "./letters-bulk.tsx";
import { KINDS, type Letter, STATUSES } from "./letters.ts";
import { More } from "./more.tsx";
import { change, oneOf } from "./query.ts";
import { usePages } from "./use-pages.ts";

const EVERY = 5_000;
const ANY = ["", "Any"] as const;

/** What failed and must not be lost. */
export default function DeadLetters({ query }: PageProps) {
  const status = oneOf(query.get("status"), STATUSES);
  const kind = oneOf(query.get("kind"), KINDS);
  const [action, setAction] = useState<Action | null>(null);
  const filter = { ...(status && { status }), ...(kind && { kind }) };
  const pages = usePages(
    (cursor, signal) => {
      const asked = { ...filter, ...(cursor && { cursor }) };
      return send(api.GET("/api/v1/dead-letters", { params: { query: asked }, signal }));
    },
    [status, kind],
    { every: EVERY },
  );
  const isEmpty = pages.value?.items.length === 0;
  const choice = (name: string) => (event: Event) =>
    change(query, { [name]: (event.currentTarget as HTMLSelectElement).value });
  return (
    <>
      <Head title="Dead letters" loaded={pages} />
      <div class="operator-filters">
        <Select
          label="Status"
          value={status ?? ""}
          options={[ANY, ...STATUSES.map((each) => [each, words(each)] as const)]}
          onChange={choice("status")}
        />
        <Select
          label="Kind"
          value={kind ?? ""}
          options={[ANY, ...KINDS.map((each) => [each, words(each)] as const)]}
          onChange={choice("kind")}
        />
        <Button disabled={isEmpty} onClick={() => setAction("retry")}>
          Retry all…
        </Button>
        <Button look="danger" disabled={isEmpty} onClick={() => setAction("discard")}>
          Discard all…
        </Button>
      </div>
      <Shown loaded={pages} what="Loading the dead letters">
        {({ items, hasMore }) => (
          <>
            <List letters={items} isFiltered={Boolean(status ?? kind)} />
            <More hasMore={hasMore} onMore={pages.more} />
          </>
        )}
      </Shown>
      {action && (
        <BulkDialog
          action={action}
          status={status}
          kind={kind}
          onClose={() => setAction(null)}
          onDone={pages.reload}
        />
      )}
    </>
  );
}

function List({ letters, isFiltered }: { letters: readonly Letter[]; isFiltered: boolean }) {
  if (letters.length === 0) {
    return <Empty title={isFiltered ? "No dead letter matches" : "There are no dead letters"} />;
  }
  return (
    <Table
      caption="Dead letters"
      items={letters}
      keyOf={(letter) => letter.id}
      onOpen={(letter) => go(addressOfLetter(letter))}
      columns={[
        {
          title: "Kind",
          cell: (letter) => <a href={addressOfLetter(letter)}>{words(letter.kind)}</a>,
        },
        { title: "Status", cell: (letter) => <LetterBadge status={letter.status} /> },
        { title: "Error", isWide: true, cell: (letter) => <Cut text={letter.error} isWide /> },
        { title: "Attempts", isNumber: true, cell: (letter) => count(letter.attempts) },
        { title: "Retries", isNumber: true, cell: (letter) => count(letter.retries) },
        { title: "Failed", cell: (letter) => <Age of={letter.last_failed_at} /> },
        {
          title: "Next retry",
          cell: ({ next_retry_at: next }) => (next ? <Age of={next} /> : NOTHING),
        },
      ]}
    />
  );
}

function addressOfLetter({ id }: Letter): string {
  return `/dead-letters/${encodeURIComponent(id)}`;
}
