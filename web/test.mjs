// Runs tests/*.test.ts: bundles each, because Node 20 reads no TypeScript, and starts Node's runner.
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { build } from "esbuild";

const names = (await readdir("tests", { recursive: true })).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: names.map((name) => `tests/${name}`),
  outdir: "build/tests",
  outbase: "tests",
  bundle: true,
  platform: "node",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
});
const built = names.map((name) => `build/tests/${name.replace(/\.ts$/, ".mjs")}`);
const options = ["--enable-source-maps", "--test", "--test-reporter=dot"];
const { status } = spawnSync(process.execPath, [...options, ...built], { stdio: "inherit" });
process.exit(status ?? 1);
