import assert from "node:assert/strict";
import test from "node:test";
import { refuseStorage } from "../support/browser.ts";
import { settle } from "../support/page.tsx";
import { problem } from "../support/service.ts";
import { SUBMIT, type Workshop, language, open } from "./workshop.tsx";

const TABS = "[role=tablist][aria-label=Files]";

/** The names of the files, in the order of their tabs. */
function files(shop: Workshop): string[] {
  return shop.shown.all(`${TABS} [role=tab]`).map((each) => each.title);
}

function isOpen(shop: Workshop): string {
  return shop.shown.one(`${TABS} [aria-selected=true]`).title;
}

/** Add a file with this name. */
async function add(shop: Workshop, name: string): Promise<void> {
  await shop.shown.click("New file");
  await shop.shown.fill("Name", name);
  await shop.shown.submit("dialog form");
}

test("a new tab begins with a program in Python that greets", async (t) => {
  const shop = await open(t);
  assert.equal(shop.code, 'print("Hello, world!")\n');
  assert.deepEqual(files(shop), ["main.py"]);
});

test("without Python, it begins in the first language that there is", async (t) => {
  const shop = await open(t, { languages: [language("c", "12.2")] });
  assert.match(shop.code, /puts\("Hello, world!"\)/);
  assert.deepEqual(files(shop), ["main.c"]);
});

test("files are added with a name of their own, and each keeps its text", async (t) => {
  const shop = await open(t);
  await shop.shown.click("New file");
  assert.equal(shop.shown.field("Name").value, "file.py"); // The suffix is the main file's.
  await shop.shown.fill("Name", "lib/names.py");
  await shop.shown.submit("dialog form");
  assert.equal(shop.shown.all("dialog").length, 0);
  assert.deepEqual([files(shop), isOpen(shop)], [["main.py", "lib/names.py"], "lib/names.py"]);
  await shop.write("ADA = 1\n");
  await shop.open("main.py main");
  assert.equal(shop.code, 'print("Hello, world!")\n');
  assert.deepEqual((await shop.run()).files, [
    { name: "main.py", content: 'print("Hello, world!")\n' },
    { name: "lib/names.py", content: "ADA = 1\n" },
  ]);
});

const NAMES: readonly [typed: string, problem: RegExp][] = [
  ["", /relative path/],
  ["../up.py", /relative path/],
  ["/etc/passwd", /relative path/],
  ["a//b", /relative path/],
  ["x".repeat(201), /at most 200 bytes/],
  ["bell\u0007.py", /control a terminal/],
  ["main.py", /also the name of another file/],
  ["main.py/inner.py", /both a file and a folder/],
];

test("a name that the service would refuse is refused before", async (t) => {
  const shop = await open(t);
  await shop.shown.click("New file");
  for (const [typed, reason] of NAMES) {
    await shop.shown.fill("Name", typed);
    const field = shop.shown.field("Name");
    const described = (field.getAttribute("aria-describedby") ?? "").split(" ");
    const problems = described.map((id) => document.getElementById(id)?.textContent ?? "");
    assert.match(problems.join(" "), reason);
    assert.equal(shop.shown.one<HTMLButtonElement>("dialog [type=submit]").disabled, true);
    await shop.shown.submit("dialog form"); // Enter does no more than the button.
    assert.equal(shop.shown.all("dialog").length, 1);
  }
});

test("the main file keeps its part under another name", async (t) => {
  const shop = await open(t);
  await add(shop, "other.py");
  await shop.open("main.py main");
  await shop.shown.click("Rename");
  await shop.shown.fill("Name", "start.py");
  await shop.shown.submit("dialog form");
  assert.equal((await shop.run()).entrypoint, "start.py");
  assert.equal(isOpen(shop), "start.py");
});

test("any file can be made the main file, but for that one", async (t) => {
  const shop = await open(t);
  assert.equal(shop.shown.buttons().includes("Make main"), false);
  await add(shop, "other.py");
  await shop.shown.click("Make main");
  assert.equal(shop.shown.button("Make main").disabled, true);
  assert.ok(shop.shown.tab("other.py main"));
  assert.equal((await shop.run()).entrypoint, "other.py");
});

test("a file is deleted after a question, and its neighbour is open then", async (t) => {
  const shop = await open(t);
  assert.equal(shop.shown.buttons().includes("Delete"), false); // The last one stays.
  await add(shop, "a.py");
  await add(shop, "b.py");
  await shop.open("a.py");
  await shop.shown.click("Delete");
  assert.match(shop.shown.one("dialog h2").textContent ?? "", /Delete a\.py\?/);
  await shop.shown.click("Back");
  assert.equal(files(shop).length, 3);
  await shop.shown.click("Delete");
  await shop.shown.click(shop.shown.one("dialog .button-danger"));
  assert.deepEqual([files(shop), isOpen(shop)], [["main.py", "b.py"], "b.py"]);
});

test("tabs are moved between with the arrow keys, round the ends, and renamed with F2", async (t) => {
  const shop = await open(t);
  await add(shop, "z.py");
  await add(shop, "lib/a.py");
  const list = () => shop.shown.one(TABS);
  const stops = [];
  for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) {
    await shop.shown.press(list(), key);
    stops.push(isOpen(shop));
    assert.equal((document.activeElement as HTMLElement).title, isOpen(shop));
  }
  assert.deepEqual(stops, ["main.py", "z.py", "main.py"]);
  const focusable = shop.shown.all(`${TABS} [role=tab]`).filter((each) => each.tabIndex === 0);
  assert.deepEqual(
    focusable.map((each) => each.title),
    ["main.py"],
  );
  await shop.shown.press(list(), "F2");
  assert.equal(shop.shown.field("Name").value, "main.py");
});

test("a file that is no text is not in the editor, and is sent as it is", async (t) => {
  const shop = await open(t);
  const files = [
    { name: "main.py", content: "x" },
    { name: "data.bin", content: "/wAB", encoding: "base64" },
  ];
  const kept = { format: 1, submission: { language: "python", files }, open: "data.bin" };
  await shop.shown.render(null);
  await settle();
  sessionStorage.setItem("podline.playground.ada", JSON.stringify(kept));
  const again = await open(t, { isKept: true }, shop.service);
  assert.match(again.shown.text, /data\.bin is not a text: 3 bytes\./);
  assert.equal(again.shown.one(".playground-editor-frame").hidden, true);
  assert.deepEqual((await again.run()).files, files);
});

test("a problem of a file is shown where it is, and leads to it", async (t) => {
  const shop = await open(t);
  await add(shop, "b.py");
  await shop.open("main.py main");
  const errors = [
    { pointer: "/files/1/content", detail: "is too large" },
    { pointer: "/entrypoint", detail: "is missing" },
    { pointer: "/language", detail: "is not available here" },
  ];
  shop.service.on(SUBMIT, () => problem(422, "Not valid", { errors }));
  await shop.run();
  const said = () => shop.shown.one(".playground-code > .field-problem").textContent;
  assert.equal(said(), "is missing");
  assert.match(shop.shown.one(".playground-toolbar .field-problem").textContent ?? "", /available/);
  await shop.shown.click("File b.py");
  assert.equal(isOpen(shop), "b.py");
  assert.equal(said(), "is too large; is missing");
  assert.equal(shop.shown.one(".playground").dataset.view, "code");
});

test("a program that nobody has changed is replaced by the same one in another language", async (t) => {
  const shop = await open(t);
  await shop.shown.fill("Example", "tests");
  await shop.shown.fill("Language", "c");
  assert.match(shop.code, /scanf\("%ld %ld"/);
  assert.deepEqual(files(shop), ["main.c"]);
  assert.equal(shop.shown.tab("Tests 3").textContent, "Tests 3");
});

test("what somebody has written stays, under the usual name of its new language", async (t) => {
  const shop = await open(t);
  await shop.write("mine");
  await shop.shown.fill("Language", "c");
  assert.deepEqual([shop.code, files(shop)], ["mine", ["main.c"]]);
  await shop.shown.click("Rename");
  await shop.shown.fill("Name", "own.c");
  await shop.shown.submit("dialog form");
  await shop.shown.fill("Language", "cpp");
  assert.deepEqual([shop.code, files(shop)], ["mine", ["own.c"]]);
});

test("the main file isn't renamed if the name is another file's", async (t) => {
  const shop = await open(t);
  await add(shop, "main.c");
  await shop.shown.fill("Language", "c");
  assert.deepEqual(files(shop), ["main.py", "main.c"]);
});

test("versions are offered newest first, and an older one that was asked for stays", async (t) => {
  const shop = await open(t);
  const options = () => shop.shown.texts("[data-field=version] option");
  assert.deepEqual(options(), ["3.12 (newest)", "3.12", "3.11"]);
  await shop.shown.fill("Version", "3.11");
  assert.equal((await shop.run()).version, "3.11");
});

test("an example replaces what nobody has changed at once, and asks before anything else", async (t) => {
  const shop = await open(t);
  await shop.shown.fill("Example", "input");
  assert.match(shop.code, /name = input\(\)/);
  assert.equal(shop.shown.field("Standard input").value, "Ada\n");
  await shop.write("mine");
  await shop.shown.fill("Example", "hello");
  assert.match(shop.shown.one("dialog").textContent ?? "", /Replace your program\?/);
  await shop.shown.click("Back");
  assert.equal(shop.code, "mine");
  await shop.shown.fill("Example", "hello");
  await shop.shown.click("Replace");
  assert.equal(shop.code, 'print("Hello, world!")\n');
  assert.equal(shop.shown.field("Example").value, ""); // It is a menu, not a state.
});

test("a picture is an example only where its package is installed", async (t) => {
  const drawing = language("python", "3.12", { packages: { matplotlib: "3.9" } });
  const shop = await open(t, { languages: [drawing, language("c", "12.2")] });
  const examples = () => shop.shown.texts("[aria-label=Example] option");
  assert.deepEqual(examples(), ["Example…", "Hello", "Input", "Tests", "A picture"]);
  await shop.shown.fill("Example", "picture");
  assert.deepEqual((await shop.run()).artifacts, ["*.png"]);
  await shop.shown.fill("Language", "c");
  assert.deepEqual(examples(), ["Example…", "Hello", "Input", "Tests"]);
});

test("the program is there again after a reload, for the same owner", async (t) => {
  const shop = await open(t);
  await shop.write("kept");
  await shop.shown.fill("Standard input", "in");
  await shop.shown.render(null);
  const again = await open(t, { isKept: true }, shop.service);
  assert.equal(again.code, "kept");
  assert.equal(again.shown.field("Standard input").value, "in");
  await again.shown.render(null);
  const other = await open(t, { isKept: true, owner: "bob" }, shop.service);
  assert.equal(other.code, 'print("Hello, world!")\n');
});

test("the file that was open is open again", async (t) => {
  const shop = await open(t);
  await add(shop, "b.py");
  await shop.shown.render(null);
  const again = await open(t, { isKept: true }, shop.service);
  assert.equal(isOpen(again), "b.py");
});

test("a program that the browser can't keep is said to be lost with the page", async (t) => {
  const shop = await open(t);
  const allow = refuseStorage();
  t.after(allow);
  dispatchEvent(new Event("pagehide"));
  await settle();
  assert.match(shop.shown.one(".playground-notice").textContent ?? "", /too large for the browser/);
  allow();
  dispatchEvent(new Event("pagehide"));
  await settle();
  assert.equal(shop.shown.all(".playground-notice").length, 0);
});

test("what the browser has kept may be damaged, and is then none", async (t) => {
  const shop = await open(t);
  await shop.shown.render(null);
  await settle();
  for (const storage of [sessionStorage, localStorage]) {
    storage.setItem("podline.playground.ada", '{"format": 1, "submission": {"language": 1}}');
  }
  const again = await open(t, { isKept: true }, shop.service);
  assert.equal(again.code, 'print("Hello, world!")\n');
});
