import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { bytes, count, duration } from "../parts/format.ts";
import { Empty, Shown } from "../parts/states.tsx";
import { LongTable } from "../parts/long-table.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import type { PageProps } from "../shell/page-props.ts";
import { includes, useSession } from "../shell/session.ts";
import { Cut } from "./cut.tsx";
import { Head } from "./head.tsx";
import { addressOf } from "./links.ts";
import { change } from "./query.ts";
import { Tile } from "./tile.tsx";
import { totalUsage } from "./usage-total.ts";

type Day = components["schemas"]["UsageDay"];

const FIELDS = ["from", "to", "owner"] as const;

/** What executions used, by day: one's own, or for operators anybody's. */
export default function UsagePage({ query }: PageProps) {
  const seesOthers = includes(useSession(), "operator");
  const asked = Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? ""]));
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
  const loaded = useLoaded(
    (signal) => send(api.GET("/api/v1/usage", { params: { query: given }, signal })),
    [query.toString()],
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    change(
      query,
      Object.fromEntries(FIELDS.map((name) => [name, String(form.get(name) ?? "").trim()])),
    );
  };
  return (
    <>
      <Head title="Usage" loaded={loaded} />
      <form class="operator-filters" key={query.toString()} onSubmit={submit}>
        <Field label="First day (UTC)" name="from" type="date" defaultValue={asked.from} />
        <Field label="Last day (UTC)" name="to" type="date" defaultValue={asked.to} />
        {seesOthers && (
          <Field
            label="Owner"
            name="owner"
            defaultValue={asked.owner}
            placeholder="yours, or * for all"
            autocomplete="off"
            spellcheck={false}
          />
        )}
        <Button type="submit" look="primary">
          Show
        </Button>
        {seesOthers && asked.owner !== "*" && (
          <a class="button button-normal" href={addressOf("/usage", { ...asked, owner: "*" })}>
            All owners
          </a>
        )}
      </form>
      <Shown loaded={loaded} what="Loading the usage">
        {({ items }) => <Days days={items} showsOwner={seesOthers} />}
      </Shown>
    </>
  );
}

function Days({ days, showsOwner }: { days: readonly Day[]; showsOwner: boolean }) {
  if (days.length === 0) return <Empty title="Nothing was used on these days" />;
  const total = totalUsage(days);
  return (
    <div class="operator-section">
      <ul class="operator-tiles" aria-label="Total">
        <Tile label="Executions" value={count(total.executions)} />
        <Tile label="CPU time" value={duration(total.cpu_seconds * 1000)} />
        <Tile label="Stored" value={bytes(total.stored_bytes)} />
      </ul>
      <LongTable
        caption="Usage by day"
        items={[...days].reverse()}
        keyOf={(each) => `${each.day} ${each.owner}`}
        columns={[
          { title: "Day (UTC)", cell: (each) => each.day },
          ...(showsOwner ? [{ title: "Owner", cell: ownerOf }] : []),
          { title: "Executions", isNumber: true, cell: (each) => count(each.executions) },
          { title: "CPU time", isNumber: true, cell: (each) => duration(each.cpu_seconds * 1000) },
          { title: "Stored", isNumber: true, cell: (each) => bytes(each.stored_bytes) },
        ]}
      />
    </div>
  );
}

function ownerOf({ owner }: Day) {
  return (
    owner && (
      <a href={addressOf("/usage", { owner })}>
        <Cut text={owner} />
      </a>
    )
  );
}
