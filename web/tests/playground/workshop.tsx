/** The playground, with a service behind it: what its tests have in common. */

import type { TestContext } from "node:test";
import { EditorView } from "@codemirror/view";
import { Toasts } from "../../src/parts/toast.tsx";
import Page from "../../src/playground/page.tsx";
import { visit } from "../support/browser.ts";
import { execution } from "../support/examples.ts";
import { Shown, settle, show } from "../support/page.tsx";
import { type Sent, type Service, json, serve } from "../support/service.ts";
import { Stream } from "../support/stream.ts";

const LIMITS = {
  maximum: { wall_seconds: 60, memory_mib: 2048, stack_mib: null, processes: 64 },
  default: { wall_seconds: 10, memory_mib: 256, stack_mib: null, processes: 8 },
};

export function language(name: string, version: string, more: object = {}): object {
  return {
    ...{ name, version, aliases: [], suffixes: [], packages: {}, compiled: false },
    ...{ source_name: `main.${name === "python" ? "py" : name}`, limits: LIMITS },
    ...more,
  };
}

export const LANGUAGES = [
  language("python", "3.11", { aliases: ["py"] }),
  language("python", "3.12", { aliases: ["py"], packages: { numpy: "2.1", rich: "13.0" } }),
  language("c", "12.2", { compiled: true }),
  language("cpp", "12.2", { compiled: true }),
];

export const SUBMIT = "POST /api/v1/executions";

/** What somebody does in a playground, beyond what they do in any page. */
export class Workshop {
  /** Of the executions that are watched, oldest first. */
  readonly streams: Stream[] = [];

  constructor(
    readonly shown: Shown,
    readonly service: Service,
  ) {}

  /** The view of the editor, which is in a document of its own. */
  get editor(): EditorView {
    const root = this.shown.one(".playground-editor").shadowRoot;
    const found = EditorView.findFromDOM(root?.querySelector(".cm-editor") as HTMLElement);
    if (found === null) throw new Error("There is no editor.");
    return found;
  }

  get code(): string {
    return this.editor.state.sliceDoc();
  }

  /** Replace the text in the editor. */
  async write(text: string): Promise<void> {
    const { length } = this.editor.state.doc;
    this.editor.dispatch({ changes: { from: 0, to: length, insert: text } });
    await settle();
  }

  /** The bodies that were submitted. */
  get submitted(): unknown[] {
    return this.service.sent(SUBMIT).map((each) => each.body);
  }

  /** Run the program, and return what was sent. */
  async run(): Promise<Record<string, unknown>> {
    await this.shown.click("Run");
    return this.submitted.at(-1) as Record<string, unknown>;
  }

  async open(tab: string): Promise<void> {
    await this.shown.click(this.shown.tab(tab));
  }

  get toasts(): string[] {
    return this.shown.texts(".toast-text");
  }
}

interface Options {
  owner?: string;
  /** The query of the address. */
  from?: string;
  languages?: object[];
  /** Whether the browser keeps what it kept before. */
  isKept?: boolean;
}

/** A service that offers languages, and accepts each program as execution 01A. */
export function workshop(test: TestContext, { languages = LANGUAGES }: Options = {}): Service {
  return serve(test, {
    "GET /api/v1/languages": { items: languages },
    "GET /api/v1/limits": { limits: LIMITS },
    [SUBMIT]: () => json(execution(), 202),
    "GET /api/v1/executions/01A": execution(),
  });
}

/** Open the playground. Toasts of earlier tests are closed. */
export async function open(
  test: TestContext,
  options: Options = {},
  service = workshop(test, options),
): Promise<Workshop> {
  const { owner = "ada", from, isKept = false } = options;
  if (!isKept) forget();
  if (!location.hash) visit("/");
  const query = new URLSearchParams(from === undefined ? {} : { from });
  const page = (
    <>
      <Page parameters={{}} query={query} />
      <Toasts />
    </>
  );
  const shown = await show(test, null, { name: owner });
  const made = new Workshop(shown, service);
  service.on("GET /api/v1/executions/01A/stream", ({ signal }: Sent) => {
    const stream = new Stream();
    made.streams.push(stream);
    return stream.response(signal);
  });
  await shown.render(page);
  return made;
}

/** What the browser has kept is gone. */
export function forget(): void {
  sessionStorage.clear();
  localStorage.clear();
}
