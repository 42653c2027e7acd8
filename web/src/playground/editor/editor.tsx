import { useEffect, useRef, useState } from "preact/hooks";
import { Loading } from "../../parts/states.tsx";
import type { Editor as Mounted, Events, Opened } from "./mount.ts";

type Props = Opened & Events;

export const loadEditor = () => import("./mount.ts");

/** The editor, or a plain text area where there can be none. */
export function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Mounted | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");

  useEffect(() => {
    let gone = false;
    const mount = ({ Editor }: Awaited<ReturnType<typeof loadEditor>>) => {
      const element = host.current;
      if (gone || !element) return;
      const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
      editor.current = new Editor(root, {
        onChange: (content) => latest.current.onChange(content),
        onMove: (position) => latest.current.onMove(position),
        onRun: () => latest.current.onRun(),
      });
      setState("ready");
    };
    // Also if the browser is too old for it.
    loadEditor()
      .then(mount)
      .catch(() => setState("failed"));
    return () => {
      gone = true;
      editor.current?.destroy();
    };
  }, []);

  const { name, content, language } = props;
  useEffect(
    () => editor.current?.open({ name, content, language }),
    [state, name, content, language],
  );

  return (
    <>
      {state === "loading" && <Loading what="Loading the editor" />}
      {state === "failed" && <Plain {...props} />}
      <div class="playground-editor" hidden={state !== "ready"} ref={host} />
    </>
  );
}

function Plain({ name, content, onChange }: Props) {
  return (
    <textarea
      class="playground-plain"
      aria-label={name}
      spellcheck={false}
      value={content}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}
