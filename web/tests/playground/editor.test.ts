import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { EditorView } from "@codemirror/view";
import { Editor, type Position } from "../../src/playground/editor/mount.ts";
import { loadMode } from "../../src/playground/editor/modes.ts";
import { settle } from "../support/page.tsx";

/** An editor in a document of its own, and what it has reported. */
class Edited {
  readonly changes: string[] = [];
  readonly positions: Position[] = [];
  runs = 0;
  readonly editor: Editor;

  constructor(readonly root: ShadowRoot) {
    this.editor = new Editor(root, {
      onChange: (content) => this.changes.push(content),
      onMove: (position) => this.positions.push(position),
      onRun: () => (this.runs += 1),
    });
  }

  get view(): EditorView {
    return EditorView.findFromDOM(
      this.root.querySelector(".cm-editor") as HTMLElement,
    ) as EditorView;
  }

  open(name: string, content: string, language: string | null = null): void {
    this.editor.open({ name, content, language });
  }

  /** Type at the end. */
  type(text: string): void {
    const { length } = this.view.state.doc;
    this.view.dispatch({ changes: { from: length, insert: text }, userEvent: "input.type" });
  }

  press(key: string, more: KeyboardEventInit = {}): void {
    const event = { key, bubbles: true, cancelable: true, ...more };
    this.view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", event));
  }
}

function edited(t: TestContext): Edited {
  const host = document.createElement("div");
  document.body.append(host);
  const made = new Edited(host.attachShadow({ mode: "open" }));
  t.after(() => {
    made.editor.destroy();
    host.remove();
  });
  return made;
}

test("what is typed is reported as a whole", (t) => {
  const it = edited(t);
  it.open("a.py", "one");
  it.type("!");
  it.type("?");
  assert.deepEqual(it.changes, ["one!", "one!?"]);
});

test("the file has its name, and how to leave the editor, for screen readers", (t) => {
  const it = edited(t);
  it.open("lib/a.py", "");
  const { contentDOM } = it.view;
  assert.equal(contentDOM.getAttribute("aria-label"), "lib/a.py");
  assert.match(contentDOM.getAttribute("aria-description") ?? "", /Escape and then Tab leaves/);
  assert.equal(contentDOM.getAttribute("spellcheck"), "false");
});

test("lines and columns count from 1", (t) => {
  const it = edited(t);
  it.open("a.py", "one\ntwo\n");
  assert.deepEqual(it.positions.at(-1), { line: 1, column: 1 });
  it.view.dispatch({ selection: { anchor: 6 } });
  assert.deepEqual(it.positions.at(-1), { line: 2, column: 3 });
});

test("what the page gives back of what was typed changes nothing, however late it is", (t) => {
  const it = edited(t);
  it.open("a.py", "");
  it.type("a");
  it.type("b");
  it.type("c");
  it.open("a.py", "a"); // The page is some keys behind.
  it.open("a.py", "ab");
  assert.equal(it.editor.content, "abc");
  it.open("a.py", "abc");
  it.press("z", { ctrlKey: true });
  assert.notEqual(it.editor.content, "abc"); // The history is still there.
});

test("what somebody else has changed replaces the text, without its history", (t) => {
  const it = edited(t);
  it.open("a.py", "old");
  it.type("!");
  it.open("a.py", "new");
  assert.equal(it.editor.content, "new");
  it.press("z", { ctrlKey: true });
  assert.equal(it.editor.content, "new");
});

test("a text that was typed before is somebody else's once it has come back", (t) => {
  const it = edited(t);
  it.open("a.py", "");
  it.type("a");
  it.type("b");
  it.open("a.py", "a");
  it.open("a.py", "ab");
  it.open("a.py", "a"); // Such as by an example that is chosen.
  assert.equal(it.editor.content, "a");
});

test("each file keeps its own history and cursor", (t) => {
  const it = edited(t);
  it.open("a.py", "a");
  it.type("1");
  it.view.dispatch({ selection: { anchor: 2 } });
  it.open("b.py", "b");
  it.type("2");
  it.open("a.py", "a1");
  assert.equal(it.view.state.selection.main.head, 2);
  it.press("z", { ctrlKey: true });
  assert.equal(it.editor.content, "a");
  it.open("b.py", "b2");
  assert.equal(it.editor.content, "b2");
});

test("a file that was changed while another was open begins anew", (t) => {
  const it = edited(t);
  it.open("a.py", "a");
  it.type("1");
  it.open("b.py", "");
  it.open("a.py", "replaced");
  it.press("z", { ctrlKey: true });
  assert.equal(it.editor.content, "replaced");
});

const LINE_ENDS: readonly [content: string, typed: string, reported: string][] = [
  ["a\r\nb\r\n", "c\r\n", "a\r\nb\r\nc\r\n"],
  ["a\nb\n", "c\n", "a\nb\nc\n"],
  // A mixture is read as lines, and written with one kind of end.
  ["a\r\nb\n", "c", "a\nb\nc"],
  ["a\rb\r\n", "c", "a\nb\nc"],
  ["\na\r\n", "c", "\na\nc"],
];

test("a file with the line ends of Windows keeps them", (t) => {
  for (const [content, typed, reported] of LINE_ENDS) {
    const it = edited(t);
    it.open("a.py", content);
    const insert = it.view.state.toText(typed);
    it.view.dispatch({ changes: { from: it.view.state.doc.length, insert } });
    assert.deepEqual(it.changes, [reported], JSON.stringify(content));
  }
});

test("Ctrl+Enter runs, and adds no line", (t) => {
  const it = edited(t);
  it.open("a.py", "x");
  it.press("Enter", { ctrlKey: true });
  assert.deepEqual([it.runs, it.editor.content], [1, "x"]);
});

test("Tab indents, unless Escape comes first", (t) => {
  const it = edited(t);
  it.open("a.py", "x");
  it.press("Tab", { keyCode: 9 });
  assert.equal(it.editor.content, "    x");
});

test("each language has a mode, loaded when its first file is opened", async () => {
  const names = "python javascript typescript c cpp java go rust php ruby perl bash lua r";
  for (const name of names.split(" ")) {
    assert.ok(!Array.isArray(await loadMode(name)), name);
  }
  assert.deepEqual(await loadMode(null), []);
  assert.deepEqual(await loadMode("cobol"), []);
  assert.deepEqual(await loadMode("__proto__"), []);
});

test("a mode that arrives when another file is open is not for that one", async (t) => {
  const it = edited(t);
  it.open("a.py", "def f(): pass", "python");
  it.open("notes", "def f(): pass");
  await settle();
  const marked = it.root.querySelectorAll(".cm-line span").length;
  assert.equal(marked, 0);
});
