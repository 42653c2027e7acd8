import { CopyButton } from "../parts/copy-button.tsx";
import { Age } from "../parts/time.tsx";
import type { PageProps } from "../shell/page-props.ts";
import { Actions } from "./actions.tsx";
import type { Execution } from "./followed.ts";
import { Inputs } from "./inputs.tsx";
import { FollowedPanel } from "./panel.tsx";
import { TimelineView } from "./timeline-view.tsx";
import { useFollowed } from "./use-followed.ts";

/** One execution: what becomes of it, what it prints, and what was submitted. */
export default function ExecutionPage({ parameters }: PageProps) {
  const id = parameters.id ?? "";
  const followed = useFollowed(id);
  const { execution } = followed;
  return (
    <div class="execution">
      <div class="execution-head">
        <div>
          <p class="breadcrumb">
            <a href="/executions">Executions</a>
          </p>
          <div class="execution-title">
            <h1 class="execution-id">{id}</h1>
            <CopyButton text={id} label="Copy the ID" isIcon />
          </div>
        </div>
        {execution && <Actions followed={followed} execution={execution} />}
      </div>
      {execution && <Facts execution={execution} />}
      <FollowedPanel key={id} followed={followed} />
      {execution && <TimelineView followed={followed} execution={execution} />}
      {execution && <Inputs key={id} execution={execution} />}
    </div>
  );
}

function Facts({ execution }: { execution: Execution }) {
  const { language, version, priority, owner, labels, batch_id, retry_of, retried_as } = execution;
  return (
    <dl class="execution-facts">
      <Fact name="Language">
        {language} {version}
      </Fact>
      <Fact name="Submitted">
        <Age of={execution.created_at} />
      </Fact>
      <Fact name="Priority">{priority}</Fact>
      {owner !== null && <Fact name="Owner">{<bdi>{owner}</bdi>}</Fact>}
      {batch_id !== null && (
        <Fact name="Batch">
          <a href={`/executions?batch=${batch_id}`}>{batch_id}</a>
        </Fact>
      )}
      {retry_of !== null && (
        <Fact name="Retry of">
          <a href={`/executions/${retry_of}`}>{retry_of}</a>
        </Fact>
      )}
      {retried_as !== null && (
        <Fact name="Retried as">
          <a href={`/executions/${retried_as}`}>{retried_as}</a>
        </Fact>
      )}
      {Object.entries(labels).map(([name, value]) => (
        <Fact key={name} name={name}>
          <a href={`/executions?${new URLSearchParams({ label: `${name}:${value}` })}`}>
            <bdi>{value || "(empty)"}</bdi>
          </a>
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
