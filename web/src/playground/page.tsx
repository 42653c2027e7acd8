import { api, send } from "../api/client.ts";
import { Failed, Loading } from "../parts/states.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { useSession } from "../shell/session.ts";
import type { PageProps } from "../shell/routes.ts";
import type { Catalogue } from "./catalogue.ts";
import { Playground } from "./playground.tsx";

/** Write a program, run it, and see what becomes of it. */
export default function Page({ query }: PageProps) {
  const { name } = useSession();
  const { value, problem, reload } = useLoaded(catalogue, []);
  if (value)
    return <Playground key={name} catalogue={value} owner={name} from={query.get("from")} />;
  return problem ? <Failed problem={problem} onRetry={reload} /> : <Loading />;
}

async function catalogue(signal: AbortSignal): Promise<Catalogue> {
  const [languages, maxima] = await Promise.all([
    send(api.GET("/api/v1/languages", { signal })),
    send(api.GET("/api/v1/limits", { signal })),
  ]);
  return { languages: languages.items, maxima };
}
