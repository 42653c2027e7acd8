// The licences of the libraries in the page, whose texts have to be distributed with it.
import { readFile, readdir } from "node:fs/promises";

const OF_A_LIBRARY = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** The text of the list, made of what esbuild took. */
export async function licences(metafile) {
  const names = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const input of Object.keys(output.inputs)) {
      const found = OF_A_LIBRARY.exec(input);
      if (found) names.add(found[1]);
    }
  }
  const entries = await Promise.all([...names].sort().map(entry));
  return entries.join(`\n${"-".repeat(80)}\n\n`);
}

async function entry(name) {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!license || !file) throw new Error(`${name} has no licence`);
  return `${name} ${version} (${license})\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
}
