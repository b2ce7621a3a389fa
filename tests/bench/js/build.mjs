// Makes `quickjs.wasm` and `spidermonkey.wasm` of `adapter.js`, one with each of two engines, in the way of calling that is faster
// with it; run in a folder with `wit/` and all that it depends on beside it. With `--check` it only says, by its exit code, whether
// those that are there are of the same sources: making them takes a while, and needs what npm installs.

import { readFile, stat, writeFile } from "node:fs/promises";

const sources = [
  "adapter.js", "build.mjs", "package.json", "wit/world.wit", "wit/deps/dossiers/world.wit", "wit/deps/adapter/json-calls.wit",
];
const wanted = (await Promise.all(sources.map((file) => readFile(file, "utf8")))).join("\n");

if (process.argv.includes("--check")) {
  const known = await readFile("built-from.txt", "utf8").catch(() => "");
  const files = ["quickjs.wasm", "spidermonkey.wasm"].map((file) => stat(file));
  const made = await Promise.all(files).then(() => true, () => false);
  process.exit(made && known === wanted ? 0 : 1);
}

const source = await readFile("adapter.js", "utf8");

// Without the asynchronous calls of newer components, which the gateway's engine does not take, and without WASI, which
// this adapter has no need of: the second one is made in the same way.
const { componentize: quickjs } = await import("componentize-qjs");
const small = await quickjs({ jsSource: source, jsPath: "adapter.js", witPath: "wit", world: "typed", sync: true, stubWasi: true });
await writeFile("quickjs.wasm", small.component);

const { componentize: spidermonkey } = await import("@bytecodealliance/componentize-js");
const large = await spidermonkey(source, {
  sourceName: "adapter.js",
  witPath: "wit",
  worldName: "json",
  disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
});
await writeFile("spidermonkey.wasm", large.component);
await writeFile("built-from.txt", wanted);
