/** What the service offers: languages by name, with their versions and limits. */

import type { components } from "../api/schema.d.ts";

export type Language = components["schemas"]["Language"];
export type Maxima = components["schemas"]["LimitsInForce"];

export interface Catalogue {
  readonly languages: readonly Language[];
  readonly maxima: Maxima;
}

/** The names of the languages, each once, in alphabetical order. */
export function namesOf({ languages }: Catalogue): string[] {
  return [...new Set(languages.map((language) => language.name))].sort();
}

/** The newest version first. */
export function versionsOf({ languages }: Catalogue, name: string): Language[] {
  const found = languages.filter((language) => language.name === name);
  return found.sort((a, b) => newestFirst(a.version, b.version));
}

/** What a submission with this language and version would run with. */
export function languageOf(
  catalogue: Catalogue,
  name: string,
  version: string | null,
): Language | undefined {
  const versions = versionsOf(catalogue, canonical(catalogue, name));
  return versions.find((each) => version === null || fits(each.version, version));
}

/** The name of a language that may be named by an alias. An unknown one stays as it is. */
export function canonical({ languages }: Catalogue, name: string): string {
  if (languages.some((language) => language.name === name)) return name;
  return languages.find((language) => language.aliases.includes(name))?.name ?? name;
}

/** `3`, `3.11` and `3.11.7` fit 3.11.7. */
function fits(version: string, asked: string): boolean {
  return version === asked || version.startsWith(`${asked}.`);
}

function newestFirst(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (right[at] ?? 0) - (left[at] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.split(".").map((part) => parseInt(part, 10) || 0);
}
