// Runs tests/**/*.test.ts in one process, as one bundle, because Node 20 reads no TypeScript.
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { build } from "esbuild";

const names = (await readdir("tests", { recursive: true })).filter((name) =>
  name.endsWith(".test.ts"),
);
await build({
  stdin: { contents: names.map((name) => `import "./${name}";`).join("\n"), resolveDir: "tests" },
  outfile: "build/tests.mjs",
  bundle: true,
  platform: "node",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
});
const options = ["--enable-source-maps", "--test-reporter=dot"];
const { status } = spawnSync(process.execPath, [...options, "build/tests.mjs"], {
  stdio: "inherit",
});
process.exit(status ?? 1);
