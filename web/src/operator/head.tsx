import type { ComponentChildren } from "preact";
import type { Loaded } from "../parts/use-loaded.ts";

interface Props {
  title: string;
  /** What is loaded again and again: whether it is up to date is said. */
  loaded?: Loaded<unknown>;
  /** What can be done on this page. */
  children?: ComponentChildren;
}

/** The title of a page, what can be done there, and whether what it shows is up to date. */
export function Head({ title, loaded, children }: Props) {
  return (
    <>
      <div class="operator-head">
        <h1>{title}</h1>
        {children}
      </div>
      {loaded && <Outdated loaded={loaded} />}
    </>
  );
}

function Outdated({ loaded: { value, problem } }: { loaded: Loaded<unknown> }) {
  const isOutdated = value !== null && problem !== null;
  return (
    <p class="operator-outdated" role="status">
      {isOutdated && `Not up to date: ${problem.detail || problem.title}`}
    </p>
  );
}
