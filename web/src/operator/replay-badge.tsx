import { words } from "../parts/badge.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";

const LOOKS: Record<string, readonly [tone: string, icon: IconName]> = {
  pending: ["idle", "clock"],
  running: ["busy", "play"],
  completed: ["good", "check"],
  failed: ["bad", "alert"],
  cancelled: ["idle", "stop"],
};

/** The status of a replay, with a colour, an icon and its word. */
export function ReplayBadge({ status, isDryRun }: { status: string; isDryRun: boolean }) {
  const [tone, icon] = LOOKS[status] ?? ["idle", "dots"];
  return (
    <span class={`badge badge-${tone}`}>
      <Icon name={icon} />
      {words(status)}
      {isDryRun && " (dry run)"}
    </span>
  );
}
