// Runs tests/**/*.test.ts and .tsx in one process, as one bundle, because Node 20 reads no TypeScript.
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { build } from "esbuild";

const wanted = process.argv[2] ?? ""; // node test.mjs api: only those whose names contain it.
const names = (await readdir("tests", { recursive: true })).filter(
  (name) => /\.test\.tsx?$/.test(name) && name.includes(wanted),
);
const modules = ["support/browser.ts", "support/canvas.ts", ...names].map(
  (name) => `import "./${name}";`,
);
await build({
  stdin: { contents: modules.join("\n"), resolveDir: "tests" },
  outfile: "build/tests.mjs",
  bundle: true,
  platform: "node",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  external: ["fast-check", "happy-dom"],
});
const options = ["--enable-source-maps", "--test-reporter=dot"];
const { status } = spawnSync(process.execPath, [...options, "build/tests.mjs"], {
  stdio: "inherit",
});
process.exit(status ?? 1);
