import assert from "node:assert/strict";
import test from "node:test";
import { problemWith, unused, visible } from "../../src/playground/names.ts";
import { modeOf, nameOf } from "../../src/playground/languages.ts";

test("names that the service accepts have no problem", () => {
  for (const name of ["main.py", "a/b/c.txt", ".hidden", "ä ö.py", "..a", "a..", "\u200ea"]) {
    assert.equal(problemWith(name, ["other.py"]), null, name);
  }
});

test("other names have one", () => {
  const bad: [string, RegExp][] = [
    ["", /relative path/],
    ["/etc/passwd", /relative path/],
    ["../a", /relative path/],
    ["a/./b", /relative path/],
    ["a//b", /relative path/],
    ["a/", /relative path/],
    ["ä".repeat(101), /200 bytes/],
    ["a\0", /control a terminal/],
    ["a\u202eb", /control a terminal/],
    ["a\nb", /control a terminal/],
    ["used.py", /another file/],
    ["lib", /file and a folder/],
    ["used.py/a", /file and a folder/],
  ];
  for (const [name, problem] of bad)
    assert.match(problemWith(name, ["used.py", "lib/x"]) ?? "", problem, name);
});

test("what nobody sees is made visible", () => {
  assert.equal(visible("a\u202egpj.exe"), "a\\u202egpj.exe");
  assert.equal(visible("\0\x1b[31m\u200b\ufeff\ud800"), "\\u0000\\u001b[31m\\u200b\\ufeff\\ud800");
  assert.equal(visible("ä €😀"), "ä €😀");
});

test("a new file has a name of its own", () => {
  assert.equal(unused("a.py", []), "a.py");
  assert.equal(unused("a.py", ["a.py", "a2.py"]), "a3.py");
  assert.equal(unused("lib/a", ["lib/a"]), "lib/a2");
  assert.equal(unused(".env", [".env"]), ".env2");
});

test("languages have names, and files the modes of languages", () => {
  assert.equal(nameOf("cpp"), "C++");
  assert.equal(nameOf("cobol"), "cobol");
  assert.equal(nameOf("constructor"), "constructor");
  assert.equal(nameOf(`\u202e${"x".repeat(1000)}`), `\\u202e${"x".repeat(39)}`);
  assert.equal(modeOf("src/a.R"), "r");
  assert.equal(modeOf("testlib.h"), "cpp");
  assert.equal(modeOf("a.constructor"), null);
  assert.equal(modeOf("py/README"), null);
});
