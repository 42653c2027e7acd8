import type { PageProps } from "../shell/page-props.ts";
import { Head } from "./head.tsx";
import { Progress } from "./replay-progress.tsx";

/** One replay. */
export default function ReplayPage({ parameters }: PageProps) {
  const id = parameters.id ?? "";
  return (
    <>
      <p class="breadcrumb">
        <a href="/replays">Replays</a>
      </p>
      <Head title={`Replay ${id}`} />
      <Progress id={id} />
    </>
  );
}
