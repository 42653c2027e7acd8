import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { count } from "../parts/format.ts";
import { Empty, Shown } from "../parts/states.tsx";
import { LongTable } from "../parts/long-table.tsx";
import { Age } from "../parts/time.tsx";
import { toast } from "../parts/toast.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { Cut } from "./cut.tsx";
import { NOTHING } from "./figures.ts";
import { Head } from "./head.tsx";
import { KeyLimits } from "./key-limits.tsx";
import { NewKey } from "./new-key.tsx";
import { type Secrets, ShownOnce } from "./shown-once.tsx";

type Key = components["schemas"]["Key"];
type Asking = { about: Key; action: "limits" | "rotate" | "delete" };

/** The keys of the API. */
export default function KeysPage() {
  const [isCreating, setCreating] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  // Only here: a page that is left or loaded again has forgotten them.
  const [secrets, setSecrets] = useState<Secrets | null>(null);
  const loaded = useLoaded((signal) => send(api.GET("/api/v1/keys", { signal })), []);

  const created = (made: Secrets) => {
    setCreating(false);
    setSecrets(made);
    loaded.reload();
  };
  return (
    <>
      <Head title="Keys" loaded={loaded}>
        <Button look="primary" onClick={() => setCreating(true)}>
          Create a key…
        </Button>
      </Head>
      {secrets && <ShownOnce secrets={secrets} onClose={() => setSecrets(null)} />}
      <Shown loaded={loaded} what="Loading the keys">
        {({ items }) => <List keys={items} onAsk={setAsking} />}
      </Shown>
      {isCreating && <NewKey onCreated={created} onClose={() => setCreating(false)} />}
      {asking?.action === "delete" && (
        <Deletion of={asking.about} onClose={() => setAsking(null)} onDone={loaded.reload} />
      )}
      {asking?.action === "limits" && (
        <KeyLimits of={asking.about} onClose={() => setAsking(null)} onDone={loaded.reload} />
      )}
      {asking?.action === "rotate" && (
        <Rotation of={asking.about} onClose={() => setAsking(null)} onDone={setSecrets} />
      )}
    </>
  );
}

function List({ keys, onAsk }: { keys: readonly Key[]; onAsk: (asking: Asking) => void }) {
  if (keys.length === 0) return <Empty title="There are no keys" />;
  return (
    <LongTable
      caption="Keys"
      items={[...keys].reverse()}
      keyOf={(key) => key.id}
      columns={[
        { title: "Name", cell: (key) => <Cut text={key.name} /> },
        { title: "Role", cell: (key) => key.role },
        {
          title: "Opens",
          cell: (key) => (key.door ? `only the door ${key.door}` : "everything"),
        },
        { title: "Max. unfinished", isNumber: true, cell: (key) => optional(key.max_unfinished) },
        { title: "Requests", isNumber: true, cell: (key) => key.requests ?? NOTHING },
        { title: "CPU s/day", isNumber: true, cell: (key) => optional(key.cpu_day) },
        { title: "Created", cell: (key) => <Age of={key.created_at} /> },
        { title: "ID", cell: (key) => <code>{key.id}</code> },
        {
          title: "Actions",
          cell: (key) => (
            <div class="operator-actions operator-tight">
              <Button look="quiet" onClick={() => onAsk({ about: key, action: "limits" })}>
                Limits…<span class="unseen"> of {key.name}</span>
              </Button>
              <Button look="quiet" onClick={() => onAsk({ about: key, action: "rotate" })}>
                Rotate secret…<span class="unseen"> of {key.name}</span>
              </Button>
              <Button look="danger" onClick={() => onAsk({ about: key, action: "delete" })}>
                Delete…<span class="unseen"> {key.name}</span>
              </Button>
            </div>
          ),
        },
      ]}
    />
  );
}

function optional(value: number | null): string {
  return value === null ? NOTHING : count(value);
}

interface DialogProps<T> {
  of: Key;
  onClose: () => void;
  onDone: (result: T) => void;
}

function Deletion({ of: { id, name }, onClose, onDone }: DialogProps<void>) {
  const confirm = async () => {
    await send(api.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id: id } } }));
    toast(`The key of ${name} was deleted.`);
    onDone();
  };
  return (
    <Confirm
      title={`Delete the key of ${name}`}
      verb="Delete"
      isDangerous
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>
        Requests with this key are refused from now on, its sessions end, and its streams end within
        15 seconds. Executions that were submitted with it stay and continue. Other keys of {name}{" "}
        stay valid. This can't be undone.
      </p>
    </Confirm>
  );
}

function Rotation({ of: { id, name }, onClose, onDone }: DialogProps<Secrets>) {
  const confirm = async () => {
    const path = { params: { path: { key_id: id } } };
    const { callback_secret, previous_valid_until } = await send(
      api.POST("/api/v1/keys/{key_id}/rotate-secret", path),
    );
    onDone({ name, callback: callback_secret, previousUntil: previous_valid_until });
  };
  return (
    <Confirm
      title={`Rotate the callback secret of ${name}`}
      verb="Rotate"
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>
        Callbacks of executions that were submitted with this key get a new secret. For 24 hours,
        they are signed with both. The key itself stays the same.
      </p>
    </Confirm>
  );
}
