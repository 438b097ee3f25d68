// LiteRT.js under Node: it expects a browser's worker, so this gives it what it asks for.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import vm from "node:vm";

const require = createRequire(import.meta.url);

/** Load the runtime on one thread. @returns the module `engine.js` */
export async function loadRuntime() {
  const folder = join(dirname(require.resolve("@litertjs/core")), "..", "wasm");
  globalThis.self = globalThis;
  globalThis.navigator ??= {}; // from Node 21 on there is one
  // The scripts of Emscripten are classic ones, which look for these in Node.
  Object.assign(globalThis, { require, __dirname: folder, __filename: join(folder, "any.js") });
  globalThis.importScripts = (path) => vm.runInThisContext(readFileSync(path, "utf8"));
  const engine = await import("../src/engine.js");
  await engine.load(folder);
  return engine;
}
