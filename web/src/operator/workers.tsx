import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { Icon } from "../parts/icon.tsx";
import { Empty, Shown } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Age } from "../parts/time.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { Cut } from "./cut.tsx";
import { NOTHING } from "./figures.ts";
import { Head } from "./head.tsx";
import { executionAt } from "./links.ts";

type Worker = components["schemas"]["Worker"];
type Place = components["schemas"]["Place"];

const EVERY = 5_000;

/** Which processes do the work, and where programs run. */
export default function WorkersPage() {
  const loaded = useLoaded((signal) => send(api.GET("/api/v1/workers", { signal })), [], {
    every: EVERY,
  });
  return (
    <>
      <Head title="Workers" loaded={loaded} />
      <Shown loaded={loaded} what="Loading the workers">
        {({ items, places }) => (
          <>
            <div class="operator-section">
              <Processes workers={items} />
            </div>
            <div class="operator-section">
              <h2>Where programs run</h2>
              <Places places={places} />
            </div>
          </>
        )}
      </Shown>
    </>
  );
}

function Processes({ workers }: { workers: readonly Worker[] }) {
  if (workers.length === 0) {
    return <Empty title="No worker and no beat has sent a heartbeat in the last minute" />;
  }
  return (
    <Table
      caption="Workers and beat"
      items={workers}
      keyOf={(worker) => worker.name}
      columns={[
        {
          title: "Name",
          cell: (worker) => (
            <code>
              <Cut text={worker.name} />
            </code>
          ),
        },
        { title: "Kind", cell: (worker) => worker.kind },
        { title: "Queues", cell: (worker) => <Queues names={worker.roles} /> },
        { title: "Heartbeat", cell: (worker) => <Age of={worker.seen_at} /> },
        { title: "Version", cell: (worker) => <Cut text={worker.version} /> },
        { title: "Running steps", isWide: true, cell: (worker) => <Steps steps={worker.steps} /> },
      ]}
    />
  );
}

function Queues({ names }: { names: readonly string[] }) {
  return <bdi class="operator-cut operator-more-room">{names.join(", ") || NOTHING}</bdi>;
}

function Steps({ steps }: { steps: Worker["steps"] }) {
  if (steps.length === 0) return <>{NOTHING}</>;
  return (
    <ul class="operator-steps">
      {steps.map((step) => (
        <li key={`${step.task} ${step.subject_id}`}>
          <code>
            <Cut text={step.task} />
          </code>
          , <Age of={step.started_at} />{" "}
          {step.subject_id && (
            <a href={executionAt(step.subject_id)}>
              <code>
                <Cut text={step.subject_id} />
              </code>
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}

function Places({ places }: { places: readonly Place[] }) {
  return (
    <Table
      caption="Where programs run"
      items={places.map((place, index) => ({ ...place, number: index + 1 }))}
      keyOf={(place) => String(place.number)}
      columns={[
        { title: "Place", cell: (place) => place.number },
        { title: "State", cell: (place) => <Availability place={place} /> },
        { title: "Slots", isNumber: true, cell: (place) => place.slots },
        { title: "Free", isNumber: true, cell: (place) => place.free ?? NOTHING },
        { title: "Version", cell: (place) => place.version ?? NOTHING },
        {
          title: "Languages",
          isWide: true,
          cell: (place) => <Cut text={place.languages?.join(", ") ?? NOTHING} isWide />,
        },
      ]}
    />
  );
}

function Availability({ place: { languages } }: { place: Place }) {
  return languages ? (
    <span class="badge badge-good">
      <Icon name="check" />
      Responds
    </span>
  ) : (
    <span class="badge badge-bad">
      <Icon name="alert" />
      Unavailable
    </span>
  );
}
