import assert from "node:assert/strict";
import test from "node:test";
import {
  type Catalogue,
  type Language,
  canonical,
  languageOf,
  namesOf,
  versionsOf,
} from "../../src/playground/catalogue.ts";
import { exampleOf, examplesOf, sameIn } from "../../src/playground/examples.ts";
import { nameOf } from "../../src/playground/languages.ts";

function language(name: string, version: string, aliases: string[] = []): Language {
  return { name, version, aliases } as unknown as Language;
}

const CATALOGUE = {
  languages: [
    language("python", "3.9.2", ["py"]),
    language("python", "3.11.7", ["py"]),
    language("python", "3.11.10", ["py"]),
    language("c", "12.2"),
  ],
  maxima: {},
} as unknown as Catalogue;

test("languages are named once, and their newest version is first", () => {
  assert.deepEqual(namesOf(CATALOGUE), ["c", "python"]);
  assert.deepEqual(
    versionsOf(CATALOGUE, "python").map((each) => each.version),
    ["3.11.10", "3.11.7", "3.9.2"],
  );
});

test("a version is matched by its parts, as the service does", () => {
  const found = (version: string | null, name = "python"): unknown =>
    languageOf(CATALOGUE, name, version)?.version;
  assert.equal(found(null), "3.11.10");
  assert.equal(found("3"), "3.11.10");
  assert.equal(found("3.1"), undefined);
  assert.equal(found("3.9"), "3.9.2");
  assert.equal(found("3.11.7"), "3.11.7");
  assert.equal(found(null, "py"), "3.11.10");
  assert.equal(found(null, "cobol"), undefined);
});

test("an alias becomes the language's name", () => {
  assert.equal(canonical(CATALOGUE, "py"), "python");
  assert.equal(canonical(CATALOGUE, "c"), "c");
  assert.equal(canonical(CATALOGUE, "cobol"), "cobol");
});

test("each language of ours has all examples", () => {
  const names = "python javascript typescript c cpp java go rust ruby php perl bash lua r".split(
    " ",
  );
  for (const name of names) {
    assert.deepEqual(examplesOf(name, []), ["hello", "input", "tests"], name);
    assert.notEqual(nameOf(name), name);
    for (const example of examplesOf(name, [])) {
      assert.match(
        exampleOf(example, name, "main").files[0]?.content ?? "",
        /\S\n$/,
        `${name} ${example}`,
      );
    }
  }
  assert.deepEqual(examplesOf("cobol", []), ["hello"]);
  assert.equal(exampleOf("hello", "cobol", "main.cob").files[0]?.content, "");
});

test("a picture needs its package", () => {
  assert.ok(examplesOf("python", ["numpy", "matplotlib"]).includes("picture"));
  assert.ok(!examplesOf("python", ["numpy"]).includes("picture"));
  assert.ok(!examplesOf("c", ["matplotlib"]).includes("picture"));
});

test("an example stays the same in another language", () => {
  const tests = exampleOf("tests", "python", "main.py");
  assert.deepEqual(sameIn(tests, "c", "main.c"), exampleOf("tests", "c", "main.c"));
  const picture = exampleOf("picture", "python", "main.py");
  assert.deepEqual(sameIn(picture, "c", "main.c"), exampleOf("hello", "c", "main.c"));
});
