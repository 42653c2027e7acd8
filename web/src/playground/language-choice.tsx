import { type Catalogue, canonical, languageOf, namesOf, versionsOf } from "./catalogue.ts";
import { sameIn } from "./examples.ts";
import { renamed } from "./files.ts";
import { useForm } from "./form.ts";
import { nameOf } from "./languages.ts";
import { visible } from "./names.ts";
import type { Draft } from "./model.ts";

interface Props {
  catalogue: Catalogue;
  isChanged: boolean;
  replace: (draft: Draft) => void;
}

/** The language and its version. */
export function LanguageChoice({ catalogue, isChanged, replace }: Props) {
  const { draft, change } = useForm();
  const name = canonical(catalogue, draft.language);
  const names = namesOf(catalogue);
  const versions = versionsOf(catalogue, name);
  const choose = (next: string) => {
    const usualName = languageOf(catalogue, next, null)?.source_name ?? "main.txt";
    if (!isChanged) replace(sameIn(draft, next, usualName));
    else
      change((last) =>
        inLanguage(last, next, languageOf(catalogue, name, null)?.source_name, usualName),
      );
  };
  return (
    <>
      <select
        class="select"
        aria-label="Language"
        data-field="language"
        value={name}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {!names.includes(name) && <option value={name}>{nameOf(name)} (not available)</option>}
        {names.map((each) => (
          <option key={each} value={each}>
            {nameOf(each)}
          </option>
        ))}
      </select>
      <select
        class="select"
        aria-label="Version"
        data-field="version"
        value={draft.version ?? ""}
        onChange={(event) => {
          const version = event.currentTarget.value || null;
          change((last) => ({ ...last, version }));
        }}
      >
        <option value="">{versions[0] ? `${versions[0].version} (newest)` : "Newest"}</option>
        {asked(
          draft.version,
          versions.map((each) => each.version),
        ).map((each) => (
          <option key={each} value={each}>
            {visible(each.slice(0, 40))}
          </option>
        ))}
      </select>
    </>
  );
}

/** The versions that are offered, and the one that the draft asks for, such as `3`. */
function asked(version: string | null, offered: readonly string[]): string[] {
  return version === null || offered.includes(version) ? [...offered] : [version, ...offered];
}

/** The same program in another language: its main file is renamed if it has the usual name. */
function inLanguage(draft: Draft, language: string, from: string | undefined, to: string): Draft {
  const isFree = draft.files.every((file) => file.name !== to);
  const next = { ...draft, language, version: null };
  return draft.main === from && isFree ? renamed(next, draft.main, to) : next;
}
