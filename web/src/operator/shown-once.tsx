import { Button } from "../parts/button.tsx";
import { CopyButton } from "../parts/copy-button.tsx";

/** What the API shows once. */
export interface Secrets {
  /** The owner. */
  name: string;
  key?: string;
  callback?: string | null;
  /** Until when the previous callback secret signs too. */
  previousUntil?: string;
}

/** Secrets that nobody can see again once this is closed. */
export function ShownOnce({ secrets, onClose }: { secrets: Secrets; onClose: () => void }) {
  const { name, key, callback, previousUntil } = secrets;
  return (
    <section class="operator-box operator-section" aria-labelledby="shown-once">
      <h2 id="shown-once">
        {key ? `The new key of ${name}` : `The new callback secret of ${name}`}
      </h2>
      <p>Copy it now: it can't be shown again.</p>
      {key && <Secret label="Key" value={key} />}
      {callback && <Secret label="Callback secret" value={callback} />}
      {previousUntil && (
        <p>
          The previous secret signs too until <time dateTime={previousUntil}>{previousUntil}</time>.
        </p>
      )}
      <p>
        <Button onClick={onClose}>Close</Button>
      </p>
    </section>
  );
}

function Secret({ label, value }: { label: string; value: string }) {
  return (
    <div class="operator-secret">
      <span>{label}</span>
      <code>{value}</code>
      <CopyButton text={value} label={`Copy the ${label.toLowerCase()}`} />
    </div>
  );
}
