import { useEffect, useState } from "preact/hooks";
import { open } from "../api/client.ts";
import type { components } from "../api/schema.d.ts";
import { Button } from "../parts/button.tsx";
import { bytes } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import type { Execution } from "./followed.ts";

type Artifact = components["schemas"]["Artifact"];
type Result = components["schemas"]["Result"];

/** Shown as pictures. Others, such as SVG and HTML, can contain scripts, and are only downloaded. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** Larger pictures, and those that follow many others, are shown on demand. */
const SHOWN_BYTES = 2 * 1024 * 1024;
const SHOWN = 12;

export function isPicture({ media_type }: Pick<Artifact, "media_type">): boolean {
  return PICTURES.has(media_type);
}

/** The files that the program created, pictures among them. */
export function Artifacts({ execution, result }: { execution: Execution; result: Result }) {
  const { artifacts, artifacts_left_out: leftOut } = result;
  if (artifacts.length === 0 && leftOut.length === 0) return null;
  return (
    <section class="execution-section" aria-labelledby="execution-artifacts">
      <h2 id="execution-artifacts">Artifacts</h2>
      {artifacts.length > 1 && (
        <p>
          <a
            href={`/api/v1/executions/${execution.id}/artifacts.zip`}
            download={`${execution.id}.zip`}
          >
            Download all ({bytes(artifacts.reduce((sum, each) => sum + each.bytes, 0))}, zip)
          </a>
        </p>
      )}
      <ul class="execution-artifacts">
        {artifacts.map((artifact, index) => (
          <li key={artifact.name}>
            <Entry artifact={artifact} isShown={index < SHOWN && artifact.bytes <= SHOWN_BYTES} />
          </li>
        ))}
      </ul>
      {leftOut.map(({ name, reason }, index) => (
        <p key={index} class="hint">
          {name === null ? "" : <bdi>{name}: </bdi>}
          {reason}
        </p>
      ))}
    </section>
  );
}

function Entry({ artifact, isShown }: { artifact: Artifact; isShown: boolean }) {
  const [isWanted, setWanted] = useState(isShown);
  return (
    <>
      <a href={artifact.url} download={artifact.name.split("/").at(-1)} class="execution-artifact">
        <Icon name="download" />
        <bdi>{artifact.name}</bdi>
      </a>
      <span class="hint">
        {bytes(artifact.bytes)}, {artifact.media_type}
      </span>
      {isPicture(artifact) &&
        (isWanted ? (
          <Picture artifact={artifact} />
        ) : (
          <Button onClick={() => setWanted(true)}>Show</Button>
        ))}
    </>
  );
}

/** A picture from bytes of its declared type, so that the browser runs nothing in it. */
function Picture({ artifact }: { artifact: Artifact }) {
  const [address, setAddress] = useState("");
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let made = "";
    const abort = new AbortController();
    open(artifact.url, { signal: abort.signal })
      .then((response) => response.arrayBuffer())
      .then(
        (content) => {
          made = URL.createObjectURL(new Blob([content], { type: artifact.media_type }));
          setAddress(made);
        },
        () => setFailed(true),
      );
    return () => {
      abort.abort();
      URL.revokeObjectURL(made);
    };
  }, [artifact.url]);
  if (hasFailed) return <p class="hint">The picture can't be shown. Download it instead.</p>;
  if (address === "") return null;
  return (
    <img
      class="execution-picture"
      src={address}
      alt={`Artifact ${artifact.name}`}
      onError={() => setFailed(true)}
    />
  );
}
