import { useEffect, useState } from "preact/hooks";
import { trouble } from "../api/trouble.ts";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { RETRY } from "../parts/use-loaded.ts";

/** Says that the service can't be used now, and why, until it can. */
export function Banner() {
  const [problem, setProblem] = useState(trouble.current);
  useEffect(() => trouble.subscribe(setProblem), []);
  return (
    <div role="status" class="banner-place">
      {problem && (
        <div class="banner">
          <Icon name="alert" />
          <p>
            <strong>{problem.title}.</strong> {problem.detail} The page tries again by itself.
          </p>
          <Button onClick={() => dispatchEvent(new Event(RETRY))}>Try again now</Button>
        </div>
      )}
    </div>
  );
}
