/** What the list shows, as its address says: the API's names, and `within` for a time until now. */
export interface Filter {
  readonly state: string;
  readonly outcome: string;
  readonly language: string;
  readonly priority: string;
  readonly labels: readonly string[];
  readonly batch: string;
  readonly owner: string;
  readonly from: string;
  readonly to: string;
  readonly within: string;
}

export const EVERYTHING: Filter = {
  state: "",
  outcome: "",
  language: "",
  priority: "",
  labels: [],
  batch: "",
  owner: "",
  from: "",
  to: "",
  within: "",
};

/** Milliseconds of each `within`. */
export const SPANS: Readonly<Record<string, number>> = {
  "15m": 15 * 60_000,
  "1h": 3_600_000,
  "24h": 24 * 3_600_000,
  "7d": 7 * 24 * 3_600_000,
  "30d": 30 * 24 * 3_600_000,
};

const TEXTS = [
  "state",
  "outcome",
  "language",
  "priority",
  "batch",
  "owner",
  "from",
  "to",
  "within",
] as const;

/** Read an address. Whatever it holds, the result is a filter; the API says what is wrong with it. */
export function fromQuery(query: URLSearchParams): Filter {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, query.get(name) ?? ""]));
  const filter: Filter = { ...EVERYTHING, ...texts, labels: query.getAll("label").filter(Boolean) };
  return Object.hasOwn(SPANS, filter.within)
    ? { ...filter, from: "", to: "" }
    : { ...filter, within: "" };
}

export function toQuery(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of TEXTS) {
    if (filter[name] !== "" && !(filter.within !== "" && (name === "from" || name === "to"))) {
      query.set(name, filter[name]);
    }
  }
  for (const label of filter.labels) query.append("label", label);
  return query;
}

/** The API's filter: what a list, or a call on many executions, sends. */
export interface Selection {
  state?: string;
  outcome?: string;
  language?: string;
  priority?: string;
  label?: string[];
  batch?: string;
  owner?: string;
  from?: string;
  to?: string;
}

export function toSelection(filter: Filter, now: number): Selection {
  const selection: Selection = {};
  for (const name of ["state", "outcome", "language", "priority", "batch", "owner"] as const) {
    if (filter[name] !== "") selection[name] = filter[name];
  }
  if (filter.labels.length > 0) selection.label = [...filter.labels];
  const span = SPANS[filter.within];
  const from = span === undefined ? moment(filter.from) : new Date(now - span).toISOString();
  const to = span === undefined ? moment(filter.to) : "";
  if (from !== "") selection.from = from;
  if (to !== "") selection.to = to;
  return selection;
}

/** A time with its zone. A field of a form has none, and means the local time. */
function moment(text: string): string {
  if (text === "") return "";
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

export function isEverything(filter: Filter): boolean {
  return toQuery(filter).toString() === "";
}

/** The filter in a few words, for a heading or the name of a saved one. */
export function inWords(filter: Filter): string {
  const words = [
    filter.state,
    filter.outcome.replaceAll("_", " "),
    filter.language,
    filter.priority && `${filter.priority} priority`,
    ...filter.labels,
    filter.batch && `batch ${filter.batch}`,
    filter.owner && (filter.owner === "*" ? "all owners" : `of ${filter.owner}`),
    filter.within && `last ${filter.within}`,
    filter.from && `from ${filter.from}`,
    filter.to && `until ${filter.to}`,
  ].filter(Boolean);
  return words.length === 0 ? "all" : words.join(", ");
}

/** A time of the address, as a field of type `datetime-local` shows it. */
export function toField(moment: string): string {
  const time = new Date(moment);
  if (moment === "" || Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** The other way round: what such a field has is local time. */
export function fromField(text: string): string {
  return moment(text);
}
