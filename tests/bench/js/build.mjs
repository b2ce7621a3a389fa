// Makes `adapter.wasm` of `adapter.js`; run in a folder with `wit/` beside it.

import { componentize } from "@bytecodealliance/componentize-js";
import { readFile, stat, writeFile } from "node:fs/promises";

const sources = ["adapter.js", "build.mjs", "package.json", "wit/world.wit"];
const time = (file) => stat(file).then((found) => found.mtimeMs, () => 0);
const wanted = (await Promise.all(sources.map((file) => readFile(file, "utf8")))).join("\n");
const known = await readFile("built-from.txt", "utf8").catch(() => "");

// Making one takes a while, and the same sources make the same one.
if (wanted !== known || (await time("adapter.wasm")) === 0) {
  const { component } = await componentize(await readFile("adapter.js", "utf8"), {
    sourceName: "adapter.js",
    witPath: "wit",
    worldName: "plain",
    disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
  });
  await writeFile("adapter.wasm", component);
  await writeFile("built-from.txt", wanted);
}
