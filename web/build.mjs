// Builds the page: node build.mjs FOLDER. Every name in FOLDER/assets has a hash of its content.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { licences } from "./licences.mjs";

/** What a page loads as soon as it is shown. */
const AT_ONCE = /^(src\/playground\/editor\/mount\.ts|node_modules\/uplot\/.*)$/;

const folder = process.argv[2];

const { metafile, outputFiles } = await build({
  entryPoints: { main: "src/main.tsx", docs: "src/docs/main.tsx" },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none", // They are in the list of licences.
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/[name]-[hash]",
  assetNames: "assets/[name]-[hash]",
  metafile: true,
  write: false,
});

const [script, main] = Object.entries(metafile.outputs).find(
  ([, each]) => each.entryPoint === "src/main.tsx", // Each dynamic import is one, too.
);
const licenceList = hashed("licences", "txt", Buffer.from(await licences(metafile)));
const icon = hashed("icon", "svg", await readFile("icon.svg"));
const page = (await readFile("index.html", "utf8"))
  .replace("{script}", address(script))
  .replace("{preloads}", preloads(main))
  .replace("{style}", address(main.cssBundle))
  .replace("{licences}", address(licenceList.path))
  .replace("{icon}", address(icon.path));
const index = { path: join(folder, "index.html"), contents: Buffer.from(page) };
const preloadList = {
  path: join(folder, "preloads.json"),
  contents: Buffer.from(JSON.stringify(preloadsOfPages())),
};
// The page itself comes last: where it is, all that it needs is there, too.
const files = [...outputFiles, licenceList, icon, preloadList, index];

// Only now, so that whoever serves the page misses it for a moment, not for the whole build.
await rm(folder, { recursive: true, force: true });
await mkdir(join(folder, "assets"), { recursive: true });
for (const { path, contents } of files) {
  await writeFile(`${path}.gz`, gzipSync(contents, { level: 9 }));
  await writeFile(path, contents);
}
await mkdir("build", { recursive: true });
await writeFile("build/metafile.json", JSON.stringify(metafile));

function hashed(name, ending, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 8).toUpperCase();
  return { path: join(folder, `assets/${name}-${hash}.${ending}`), contents };
}

/** What the script needs, so that the browser doesn't learn of it only from the script. */
function preloads({ imports }) {
  return imports
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path }) => `<link rel="modulepreload" href="${address(path)}">`)
    .join("\n");
}

/** The scripts of each page: those of all pages come first, those that it loads by itself last. */
function preloadsOfPages() {
  const pages = dynamicImports(script);
  return Object.fromEntries(
    pages.map((path) => {
      const needed = new Set();
      const later = dynamicImports(path).filter((each) => AT_ONCE.test(sourceOf(each)));
      for (const each of [script, path, ...later]) addWithImports(each, needed);
      return [sourceOf(path).replace(/^src\/|\.tsx$/g, ""), [...needed].map(address)];
    }),
  );
}

function sourceOf(output) {
  return metafile.outputs[output].entryPoint;
}

function dynamicImports(output) {
  const { imports } = metafile.outputs[output];
  return imports.filter(({ kind }) => kind === "dynamic-import").map(({ path }) => path);
}

function addWithImports(path, found) {
  if (found.has(path)) return;
  found.add(path);
  for (const each of metafile.outputs[path].imports)
    if (each.kind === "import-statement") addWithImports(each.path, found);
}

function address(path) {
  return `/assets/${path.split("/").at(-1)}`;
}
