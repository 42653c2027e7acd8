/** What was dropped on the page, or chosen from a dialog: files, and folders with what is in them. */

import type { NamedBytes } from "./tests-import.ts";

const MOST_FILES = 600;
const MOST_BYTES = 32 * 1024 * 1024;

/** More than a program and its tests can have. */
export class TooMuch extends Error {}

export function hasFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/** Throws TooMuch. What was dropped has to be taken before the event's handler returns. */
export function dropped(transfer: DataTransfer): Promise<NamedBytes[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return entries.length ? readAll(entries) : chosen(transfer.files);
}

/** Throws TooMuch. */
export async function chosen(files: FileList): Promise<NamedBytes[]> {
  const found = [...files].map((file) => [file.webkitRelativePath || file.name, file] as const);
  return bytesOf(found);
}

async function readAll(entries: readonly FileSystemEntry[]): Promise<NamedBytes[]> {
  const found: (readonly [string, File])[] = [];
  const left = [...entries];
  for (let entry = left.pop(); entry; entry = left.pop()) {
    if (entry.isDirectory) left.push(...(await childrenOf(entry as FileSystemDirectoryEntry)));
    else
      found.push([entry.fullPath.replace(/^\//, ""), await fileOf(entry as FileSystemFileEntry)]);
    check(found.length, 0);
  }
  return bytesOf(found);
}

async function bytesOf(files: readonly (readonly [string, File])[]): Promise<NamedBytes[]> {
  check(
    files.length,
    files.reduce((sum, [, file]) => sum + file.size, 0),
  );
  const read = files.map(async ([path, file]) => ({
    path,
    bytes: new Uint8Array(await file.arrayBuffer()),
  }));
  return (await Promise.all(read)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function check(files: number, bytes: number): void {
  if (files > MOST_FILES || bytes > MOST_BYTES) {
    throw new TooMuch("These are more files than a program can have.");
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader returns a folder in pieces, and an empty one at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  if (isLeftOut(folder.name)) return [];
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!piece.length) return found;
    found.push(...piece);
    check(found.length, 0);
  }
}

/** Folders that can be huge, and that no program needs. */
function isLeftOut(name: string): boolean {
  return name.startsWith(".") || name === "__pycache__" || name === "node_modules";
}
