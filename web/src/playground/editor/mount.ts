/** The editor in the page. This module, and all of CodeMirror with it, is loaded on demand. */

import { closeCompletion } from "@codemirror/autocomplete";
import { Compartment, EditorState, Prec, type Transaction } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { LOOK } from "./look.ts";
import { loadMode } from "./modes.ts";
import { SETUP } from "./setup.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Events {
  onChange(content: string): void;
  onMove(position: Position): void;
  onRun(): void;
}

export interface Opened {
  readonly name: string;
  readonly content: string;
  /** null is plain text. */
  readonly language: string | null;
}

const ATTRIBUTES = {
  "aria-description": "Tab indents. Escape and then Tab leaves the editor.",
  spellcheck: "false",
};

/** One view, and the state of each file that was opened in it, with its history. */
export class Editor {
  readonly #view: EditorView;
  readonly #states = new Map<string, EditorState>();
  readonly #mode = new Compartment();
  readonly #events: Events;
  #name = "";
  /** What was reported and has not come back yet: the page may be some keys behind. */
  #reported: string[] = [];

  /** The shadow root takes style sheets as objects, which the page's policy allows. */
  constructor(root: ShadowRoot, events: Events) {
    this.#events = events;
    this.#view = new EditorView({ root, parent: root });
  }

  /** Show a file. Its history is kept, unless something else than this editor changed it. */
  open(file: Opened): void {
    if (this.#name === file.name && this.#isOurs(file.content)) return;
    if (this.#name && this.#name !== file.name) this.#states.set(this.#name, this.#view.state);
    const kept = this.#states.get(file.name);
    this.#name = file.name;
    this.#reported = [];
    this.#view.setState(kept && contentOf(kept) === file.content ? kept : this.#stateOf(file));
    this.#moved();
    void this.#loadMode(file);
  }

  #isOurs(content: string): boolean {
    const at = this.#reported.indexOf(content);
    this.#reported.splice(0, at + 1);
    return at >= 0 || content === this.content;
  }

  get content(): string {
    return contentOf(this.#view.state);
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }

  async #loadMode({ name, language }: Opened): Promise<void> {
    const mode = await loadMode(language);
    if (this.#name === name) this.#view.dispatch({ effects: this.#mode.reconfigure(mode) });
  }

  #stateOf(file: Opened): EditorState {
    return EditorState.create({
      doc: file.content,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => this.#run() }])),
        SETUP,
        LOOK,
        this.#mode.of([]),
        hasOnlyCrLf(file.content) ? EditorState.lineSeparator.of("\r\n") : [],
        EditorView.contentAttributes.of({ "aria-label": file.name, ...ATTRIBUTES }),
        EditorView.updateListener.of((update) => this.#updated(update.transactions)),
      ],
    });
  }

  #run(): boolean {
    closeCompletion(this.#view); // So that Escape cancels the run at once.
    this.#events.onRun();
    return true;
  }

  #updated(transactions: readonly Transaction[]): void {
    if (transactions.some((each) => each.docChanged)) this.#report();
    if (transactions.some((each) => each.docChanged || each.selection)) this.#moved();
  }

  #report(): void {
    const { content } = this;
    this.#reported.push(content);
    this.#events.onChange(content);
  }

  #moved(): void {
    const { doc, selection } = this.#view.state;
    const line = doc.lineAt(selection.main.head);
    this.#events.onMove({ line: line.number, column: selection.main.head - line.from + 1 });
  }
}

function contentOf(state: EditorState): string {
  return state.sliceDoc();
}

/** Otherwise CodeMirror would write the other line ends as it writes all. */
function hasOnlyCrLf(text: string): boolean {
  return text.includes("\r\n") && !/[^\r]\n|^\n|\r(?!\n)/.test(text);
}
