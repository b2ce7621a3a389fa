// Makes `adapter.wasm` of `adapter.js`; run in a folder with `wit/` beside it. With `--check` it only says, by its exit
// code, whether the one that is there is of the same sources: making one takes a while, and needs what npm installs.

import { readFile, stat, writeFile } from "node:fs/promises";

const sources = ["adapter.js", "build.mjs", "package.json", "wit/world.wit"];
const wanted = (await Promise.all(sources.map((file) => readFile(file, "utf8")))).join("\n");

if (process.argv.includes("--check")) {
  const known = await readFile("built-from.txt", "utf8").catch(() => "");
  const made = await stat("adapter.wasm").then(() => true, () => false);
  process.exit(made && known === wanted ? 0 : 1);
}

const { componentize } = await import("@bytecodealliance/componentize-js");
const { component } = await componentize(await readFile("adapter.js", "utf8"), {
  sourceName: "adapter.js",
  witPath: "wit",
  worldName: "plain",
  disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
});
await writeFile("adapter.wasm", component);
await writeFile("built-from.txt", wanted);
