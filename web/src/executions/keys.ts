export type Command = "next" | "previous" | "first" | "last" | "open" | "select" | "help";

const COMMANDS: Readonly<Record<string, Command>> = {
  j: "next",
  ArrowDown: "next",
  k: "previous",
  ArrowUp: "previous",
  Home: "first",
  End: "last",
  Enter: "open",
  x: "select",
  "?": "help",
};

/** What each key does, for the list of keys. */
export const KEYS: readonly (readonly [keys: string, text: string])[] = [
  ["j or ↓", "Next row"],
  ["k or ↑", "Previous row"],
  ["Home, End", "First or last row"],
  ["Enter", "Open the execution"],
  ["x", "Select or deselect the row"],
  ["?", "Show these keys"],
];

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

export function commandOf({ key, ctrlKey, metaKey, altKey }: Pressed): Command | null {
  return ctrlKey || metaKey || altKey ? null : (COMMANDS[key] ?? null);
}

/** The row that has the focus afterwards; -1 stands for none. */
export function rowAfter(command: Command, row: number, rows: number): number {
  switch (command) {
    case "next":
      return Math.min(row + 1, rows - 1);
    case "previous":
      return rows === 0 ? -1 : Math.max(row - 1, 0);
    case "first":
      return rows === 0 ? -1 : 0;
    case "last":
      return rows - 1;
    default:
      return row;
  }
}
