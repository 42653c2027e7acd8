import { words } from "../parts/badge.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import type { Status } from "./letters.ts";

const LOOKS: Record<Status, readonly [tone: string, icon: IconName]> = {
  waiting: ["warn", "clock"],
  retrying: ["busy", "retry"],
  resolved: ["good", "check"],
  discarded: ["idle", "skip"],
  archived: ["bad", "alert"],
};

/** The status of a dead letter, with a colour, an icon and its word. */
export function LetterBadge({ status }: { status: Status }) {
  const [tone, icon] = LOOKS[status] ?? ["idle", "dots"];
  return (
    <span class={`badge badge-${tone}`}>
      <Icon name={icon} />
      {words(status)}
    </span>
  );
}
