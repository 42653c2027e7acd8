import assert from "node:assert/strict";
import test from "node:test";
import { restoreTheme, setTheme, storedTheme } from "../../src/shell/theme.ts";

const shown = () => document.documentElement.dataset.theme;

test("a theme is shown, and is still there next time", (t) => {
  t.after(() => setTheme("system"));
  for (const theme of ["dark", "light"] as const) {
    setTheme(theme);
    assert.equal(shown(), theme);
    assert.equal(storedTheme(), theme);
  }
  delete document.documentElement.dataset.theme;
  restoreTheme();
  assert.equal(shown(), "light");
});

test("the system's theme is no choice of the page", () => {
  setTheme("dark");
  setTheme("system");
  assert.equal(shown(), undefined);
  assert.equal(storedTheme(), "system");
});

test("a theme that nobody knows is the system's", (t) => {
  t.after(() => localStorage.clear());
  for (const stored of ["", "blue", "Dark", "constructor"]) {
    localStorage.setItem("podline.theme", stored);
    restoreTheme();
    assert.equal(storedTheme(), "system", stored);
    assert.equal(shown(), undefined, stored);
  }
});

test("before anybody chose, it is the system's", () => {
  localStorage.clear();
  assert.equal(storedTheme(), "system");
});
