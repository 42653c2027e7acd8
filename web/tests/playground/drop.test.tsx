import assert from "node:assert/strict";
import test from "node:test";
import { TooMuch, chosen, dropped, hasFiles } from "../../src/playground/drop.ts";
import { refuse } from "../../src/playground/drop-target.tsx";
import { browser } from "../support/browser.ts";
import { settle, until } from "../support/page.tsx";
import { type Workshop, open } from "./workshop.tsx";

type Tree = { [name: string]: string | Tree };

/** A file or folder, as a browser describes what was dropped. A folder is read in pieces. */
function entry(name: string, content: string | Tree, folder = ""): FileSystemEntry {
  const fullPath = `${folder}/${name}`;
  const common = { name, fullPath };
  if (typeof content === "string") {
    const file = (resolve: (file: File) => void) => resolve(new File([content], name));
    return { ...common, isDirectory: false, isFile: true, file } as unknown as FileSystemEntry;
  }
  const children = Object.entries(content).map(([each, of]) => entry(each, of, fullPath));
  const createReader = () => {
    const left = [...children];
    return {
      readEntries: (resolve: (found: FileSystemEntry[]) => void) => resolve(left.splice(0, 100)),
    };
  };
  const directory = { ...common, isDirectory: true, isFile: false, createReader };
  return directory as unknown as FileSystemEntry;
}

/** What an event brings that drops these. */
function transfer(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, content]) => ({
    webkitGetAsEntry: () => entry(name, content),
  }));
  return { types: ["Files"], items, files: [] } as unknown as DataTransfer;
}

async function texts(tree: Tree): Promise<Record<string, string>> {
  const found = await dropped(transfer(tree));
  return Object.fromEntries(
    found.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]),
  );
}

test("files and folders are read with all that is in them, in the order of their names", async () => {
  const found = await texts({
    "b.py": "2",
    lib: { "z.py": "3", deep: { "y.py": "4" } },
    "a.py": "1",
  });
  assert.deepEqual(Object.entries(found), [
    ["a.py", "1"],
    ["b.py", "2"],
    ["lib/deep/y.py", "4"],
    ["lib/z.py", "3"],
  ]);
});

test("a folder comes in pieces, and all of them are read", async () => {
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`f${n}`, ""]));
  assert.equal(Object.keys(await texts({ many })).length, 250);
});

test("folders that no program needs are not even opened", async () => {
  const huge = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`f${n}`, ""]));
  const left = { ".git": huge, node_modules: huge, __pycache__: huge };
  assert.deepEqual(await texts({ app: { "main.py": "x", ...left } }), { "app/main.py": "x" });
});

const TOO_MUCH: readonly [what: string, tree: Tree][] = [
  ["more than 600 files", Object.fromEntries(Array.from({ length: 601 }, (_, n) => [`f${n}`, ""]))],
  [
    "a folder of more than 600",
    { many: Object.fromEntries(Array.from({ length: 601 }, (_, n) => [`f${n}`, ""])) },
  ],
  ["more than 32 MiB", { large: "x".repeat(32 * 1024 * 1024 + 1) }],
];

for (const [what, tree] of TOO_MUCH) {
  test(`${what} are more than a program can have`, async () => {
    await assert.rejects(dropped(transfer(tree)), TooMuch);
  });
}

test("files of a dialog have the paths of their folder, if there is one", async () => {
  const inFolder = new File(["1"], "a.py");
  Object.defineProperty(inFolder, "webkitRelativePath", { value: "app/a.py" });
  const files = [inFolder, new File(["2"], "b.py")] as unknown as FileList;
  assert.deepEqual(
    (await chosen(files)).map(({ path }) => path),
    ["app/a.py", "b.py"],
  );
});

test("what is dragged may be something else than files", () => {
  assert.equal(hasFiles({ types: ["text/plain"] } as unknown as DataTransfer), false);
  assert.equal(hasFiles({ types: ["text/plain", "Files"] } as unknown as DataTransfer), true);
  assert.equal(hasFiles(null), false);
});

/** Drag something over the playground, or drop it there. */
async function drag(shop: Workshop, name: string, data: DataTransfer | null): Promise<Event> {
  const event = new browser.Event(name, { bubbles: true, cancelable: true }) as unknown as Event;
  Object.assign(event, { dataTransfer: data, relatedTarget: null });
  shop.shown.one(".playground-editor-frame").dispatchEvent(event);
  await settle();
  return event;
}

test("the page shows that it takes what is dragged over it, until that leaves", async (t) => {
  const shop = await open(t);
  const isDragged = () => shop.shown.one(".playground").dataset.dragged;
  const over = await drag(shop, "dragover", transfer({}));
  assert.deepEqual([over.defaultPrevented, isDragged()], [true, "true"]);
  await drag(shop, "dragleave", null);
  assert.equal(isDragged(), "false");
});

test("a text that is dragged is the editor's", async (t) => {
  const shop = await open(t);
  const text = { types: ["text/plain"], items: [], files: [] } as unknown as DataTransfer;
  for (const name of ["dragover", "drop"]) {
    const event = await drag(shop, name, text);
    assert.equal(shop.shown.one(".playground").dataset.dragged, "false");
    assert.equal(event.defaultPrevented && name === "dragover", false);
  }
});

test("a dropped folder becomes the program's, its pairs become tests, and hidden files stay away", async (t) => {
  const shop = await open(t);
  await drag(
    shop,
    "drop",
    transfer({
      app: {
        ...{ "main.py": "import lib", ".env": "secret", lib: { "a.py": "x" } },
        ...{ "1.in": "1", "1.out": "2" },
      },
    }),
  );
  await until(() => shop.toasts.length === 1);
  assert.deepEqual(shop.toasts, ["2 files and 1 test added; 1 hidden file left out."]);
  assert.equal(shop.shown.tab("Tests 1").getAttribute("aria-selected"), "true");
  const sent = await shop.run();
  assert.deepEqual(sent.files, [
    { name: "main.py", content: "import lib" },
    { name: "lib/a.py", content: "x" },
  ]);
  assert.deepEqual(sent.tests, [{ name: "1", stdin: "1", expected_output: "2" }]);
});

test("bytes that are no text are sent as base64", async (t) => {
  const shop = await open(t);
  const input = shop.shown.one<HTMLInputElement>("input[type=file]");
  const files = [new File([new Uint8Array([0xff, 0])], "data.bin")];
  Object.defineProperty(input, "files", { value: files, configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await until(() => shop.toasts.length === 1);
  assert.deepEqual(shop.toasts, ["1 file added."]);
  const { files: sent } = await shop.run();
  assert.deepEqual((sent as object[])[1], {
    name: "data.bin",
    content: "/wA=",
    encoding: "base64",
  });
});

test("a dialog that was left without a choice adds nothing", async (t) => {
  const shop = await open(t);
  const input = shop.shown.one("input[type=file]");
  Object.defineProperty(input, "files", { value: [], configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
  assert.deepEqual(shop.toasts, []);
});

test("tests that are imported say what is not one", async (t) => {
  const shop = await open(t);
  await shop.open("Tests");
  const input = shop.shown.all("input[type=file]").at(-1) as HTMLInputElement;
  const files = [new File(["1"], "a.in"), new File(["2"], "a.ans"), new File(["3"], "b.in")];
  Object.defineProperty(input, "files", { value: files, configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await until(() => shop.toasts.length === 2);
  assert.deepEqual(shop.toasts, ["1 test added.", "b has no expected output: add b.out or b.ans."]);
});

const REFUSED: readonly [error: Error, said: string][] = [
  [new TooMuch("These are more files than a program can have."), "These are more files"],
  [new DOMException("gone", "NotFoundError"), "The browser could not read these files."],
];

test("what can't be taken says why", async (t) => {
  for (const [error, said] of REFUSED) {
    const shop = await open(t);
    refuse(error);
    await settle();
    assert.ok(shop.toasts[0]?.startsWith(said), shop.toasts[0]);
  }
});

test("a fault of the page is not said to be the files'", () => {
  assert.throws(() => refuse(new TypeError("x is undefined")), TypeError);
});
