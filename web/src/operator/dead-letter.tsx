import { useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import { words } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { count } from "../parts/format.ts";
import { Shown } from "../parts/states.tsx";
import { Age } from "../parts/time.tsx";
import { toast } from "../parts/toast.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { visibleText } from "../parts/visible.ts";
import type { PageProps } from "../shell/page-props.ts";
import { Facts } from "./facts.tsx";
import { Head } from "./head.tsx";
import { LetterBadge } from "./letter-badge.tsx";
import type { Letter } from "./letters.ts";
import { executionAt } from "./links.ts";
import { payloadText } from "./payload.ts";

const EVERY = 3_000;

/** One dead letter: what failed, and what can be done about it. */
export default function DeadLetterPage({ parameters }: PageProps) {
  const id = parameters.id ?? "";
  const path = { params: { path: { letter_id: id } } };
  const [isAsking, setAsking] = useState(false);
  const loaded = useLoaded(
    (signal) => send(api.GET("/api/v1/dead-letters/{letter_id}", { ...path, signal })),
    [id],
    { every: EVERY },
  );

  const retry = async () => {
    try {
      await send(api.POST("/api/v1/dead-letters/{letter_id}/retry", path));
      toast("The retry was sent.");
    } catch (error) {
      toast((error as Error).message, { isProblem: true });
    }
    loaded.reload();
  };
  const discard = async () => {
    await send(api.POST("/api/v1/dead-letters/{letter_id}/discard", path));
    loaded.reload();
  };

  return (
    <>
      <p class="breadcrumb">
        <a href="/dead-letters">Dead letters</a>
      </p>
      <Head title="Dead letter" loaded={loaded}>
        {loaded.value && (
          <div class="operator-actions">
            <Button look="primary" onClick={retry}>
              Retry
            </Button>
            <Button
              look="danger"
              disabled={loaded.value.status === "discarded"}
              onClick={() => setAsking(true)}
            >
              Discard…
            </Button>
          </div>
        )}
      </Head>
      <Shown loaded={loaded} what="Loading the dead letter">
        {(letter) => <Details letter={letter} />}
      </Shown>
      {isAsking && (
        <Confirm
          title="Discard this dead letter"
          verb="Discard"
          isDangerous
          onConfirm={discard}
          onClose={() => setAsking(false)}
        >
          <p>It stays visible and is never retried by itself.</p>
        </Confirm>
      )}
    </>
  );
}

function Details({ letter }: { letter: Letter }) {
  return (
    <div class="operator-section">
      <Facts
        items={[
          ["Status", <LetterBadge status={letter.status} />],
          ["Kind", words(letter.kind)],
          ["Origin", <code>{letter.origin}</code>],
          [
            "Execution",
            letter.execution_id && (
              <a href={executionAt(letter.execution_id)}>
                <code>{letter.execution_id}</code>
              </a>
            ),
          ],
          ["Attempts", count(letter.attempts)],
          ["Retries", count(letter.retries)],
          ["First failed", <Age of={letter.first_failed_at} />],
          ["Last failed", <Age of={letter.last_failed_at} />],
          ["Next retry", letter.next_retry_at && <Age of={letter.next_retry_at} />],
          ["ID", <code>{letter.id}</code>],
        ]}
      />
      <Text title="Error" text={letter.error} />
      {letter.traceback && <Text title="Traceback" text={letter.traceback} />}
      {letter.payload && <Text title="Message, cut at 16 KiB" text={payloadText(letter.payload)} />}
    </div>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <div class="operator-titled">
      <h2>{title}</h2>
      <pre class="operator-text" tabIndex={0} role="region" aria-label={title}>
        {visibleText(text)}
      </pre>
    </div>
  );
}
