import { ahead } from "../api/ahead.ts";
import { api, send } from "../api/client.ts";
import { Failed, Loading } from "../parts/states.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { useSession } from "../shell/session.ts";
import type { PageProps } from "../shell/page-props.ts";
import type { Catalogue } from "./catalogue.ts";
import { loadEditor } from "./editor/editor.tsx";
import { Playground } from "./playground.tsx";

/** Write a program, run it, and see what becomes of it. */
export default function Page({ query }: PageProps) {
  const { name } = useSession();
  const { value, problem, reload } = useLoaded(catalogue.take, []);
  if (value)
    return <Playground key={name} catalogue={value} owner={name} from={query.get("from")} />;
  return problem ? <Failed problem={problem} onRetry={reload} /> : <Loading />;
}

const catalogue = ahead(async (signal): Promise<Catalogue> => {
  const [languages, maxima] = await Promise.all([
    send(api.GET("/api/v1/languages", { signal })),
    send(api.GET("/api/v1/limits", { signal })),
  ]);
  return { languages: languages.items, maxima };
});

export function begin(): void {
  catalogue.begin();
  loadEditor().catch(() => {});
}
