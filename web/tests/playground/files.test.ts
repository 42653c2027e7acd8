import assert from "node:assert/strict";
import test from "node:test";
import * as files from "../../src/playground/files.ts";
import { byFolder } from "../../src/playground/file-tabs.tsx";
import { type Draft, draftWith } from "../../src/playground/model.ts";

const ONE = draftWith("python", "main.py", "1");
const TWO = files.withFiles(ONE, [{ name: "lib/a.py", content: "a", encoding: "utf-8" }]);
const names = (draft: Draft): string[] => draft.files.map((file) => file.name);

test("files are added, and replace those of the same name", () => {
  assert.deepEqual(names(TWO), ["main.py", "lib/a.py"]);
  const replaced = files.withFiles(TWO, [{ name: "main.py", content: "2", encoding: "utf-8" }]);
  assert.deepEqual(names(replaced), ["main.py", "lib/a.py"]);
  assert.equal(replaced.files[0]?.content, "2");
  const [more, name] = files.withNewFile(TWO, "main.py");
  assert.equal(name, "main2.py");
  assert.deepEqual(names(more), ["main.py", "lib/a.py", "main2.py"]);
});

test("only the file of that name changes", () => {
  assert.deepEqual(
    files.withContent(TWO, "lib/a.py", "b").files.map((file) => file.content),
    ["1", "b"],
  );
});

test("the main file keeps its part when it is renamed, and loses it when it is deleted", () => {
  const renamed = files.renamed(TWO, "main.py", "start.py");
  assert.deepEqual([names(renamed), renamed.main], [["start.py", "lib/a.py"], "start.py"]);
  assert.equal(files.renamed(TWO, "lib/a.py", "b.py").main, "main.py");
  const left = files.without(TWO, "main.py");
  assert.deepEqual([names(left), left.main], [["lib/a.py"], "lib/a.py"]);
  assert.equal(files.without(left, "lib/a.py"), left, "a program has a file");
});

test("beside a file is the next one, or the one before", () => {
  assert.equal(files.neighbour(TWO.files, "main.py"), "lib/a.py");
  assert.equal(files.neighbour(TWO.files, "lib/a.py"), "main.py");
});

test("a dropped folder is the program's folder; hidden and impossible files are left out", () => {
  const paths = [
    "p/main.py",
    "p/.git/config",
    "p/lib/__pycache__/a.pyc",
    "p/lib/a.py",
    "p/../x",
    "p/.env",
  ];
  assert.deepEqual(
    [...files.wantedPaths(paths)],
    [
      ["p/main.py", "main.py"],
      ["p/lib/a.py", "lib/a.py"],
    ],
  );
  assert.deepEqual([...files.wantedPaths(["a.py", "lib/b.py"]).values()], ["a.py", "lib/b.py"]);
  assert.deepEqual([...files.wantedPaths([]).values()], []);
});

test("tabs have the files of a folder beside each other", () => {
  const names = ["lib/b.py", "main.py", "lib/sub/c.py", "lib/a.py", "z.py"];
  const shown = ["main.py", "z.py", "lib/b.py", "lib/a.py", "lib/sub/c.py"];
  assert.deepEqual(byFolder(names), shown);
});
