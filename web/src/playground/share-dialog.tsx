import { useEffect, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Loading } from "../parts/states.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { type Copy, copyAs } from "./copy/copy.ts";
import { useForm } from "./form.ts";
import { submissionOf } from "./submission.ts";

const FORMS = [
  { id: "link", label: "Link" },
  { id: "curl", label: "curl" },
  { id: "python", label: "Python" },
  { id: "cli", label: "Command line" },
] as const;
export type Format = (typeof FORMS)[number]["id"];
const HINTS: Readonly<Record<Format, string>> = {
  link: "The link itself carries the program; nothing is stored on the server. Whoever opens it needs a key of this service.",
  curl: "Set PODLINE_KEY to your key first.",
  python: "For the package podline. Set PODLINE_KEY to your key first.",
  cli: "A script for the command podline. Set PODLINE_KEY to your key first.",
};

/** The program as a link, and as text that runs it elsewhere. */
export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { draft, language } = useForm();
  const [format, setFormat] = useState<Format>("link");
  const [copy, setCopy] = useState<Copy | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setCopy(null);
    void copyAs(format, submissionOf(draft), location.origin, language?.source_name ?? "").then(
      (made) => isCurrent && setCopy(made),
    );
    return () => {
      isCurrent = false;
    };
  }, [format]);
  return (
    <Dialog title="Share the program" onClose={onClose}>
      <div class="playground-dialog playground-share">
        <Tabs
          name="Format"
          tabs={FORMS}
          selected={format}
          onSelect={(id) => setFormat(id as Format)}
        >
          <p class="hint">{HINTS[format]}</p>
          {!copy && <Loading what="Writing it" />}
          {copy?.reason && <p role="status">{copy.reason}</p>}
          {copy?.text && (
            <textarea
              class="playground-text"
              aria-label="Text to copy"
              readOnly
              rows={12}
              spellcheck={false}
              value={copy.text}
              onFocus={(event) => event.currentTarget.select()}
            />
          )}
        </Tabs>
        <div class="dialog-buttons">
          <Button onClick={onClose}>Close</Button>
          {copy?.text && <CopyButton text={copy.text} look="primary" />}
        </div>
      </div>
    </Dialog>
  );
}
