// How the page is built: WebAssembly beside it, a service worker that knows every file, headers.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { defineConfig } from "vite";

import { HEADERS } from "./headers.js";

const { resolve } = createRequire(import.meta.url);
const litert = join(dirname(resolve("@litertjs/core")), "..", "wasm");
// With threads, without, and for browsers without relaxed SIMD. JSPI would serve WebGPU only.
const VARIANTS = ["threaded_", "", "compat_"].map((kind) => `litert_wasm_${kind}internal`);

function offline() {
  let out;
  return {
    name: "offline",
    apply: "build",
    configResolved: (config) => (out = config.build.outDir),
    closeBundle() {
      mkdirSync(join(out, "wasm"), { recursive: true });
      for (const file of VARIANTS.flatMap((name) => [`${name}.js`, `${name}.wasm`])) {
        cpSync(join(litert, file), join(out, "wasm", file));
      }
      const files = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
        .filter((file) => file !== "service-worker.js")
        .sort();
      const hash = createHash("sha256");
      for (const file of files) hash.update(file).update(readFileSync(join(out, file)));
      const shell = files.filter((file) => !file.startsWith("wasm/") && file !== "index.html");
      const script = readFileSync("src/service-worker.js", "utf8")
        .replace('"__VERSION__"', JSON.stringify(hash.digest("hex").slice(0, 12)))
        .replace('["__FILES__"]', JSON.stringify(["./", ...shell]));
      writeFileSync(join(out, "service-worker.js"), script);
    },
  };
}

export default defineConfig({
  base: "./", // so that it may lie in any folder of a host
  build: { assetsInlineLimit: 0, modulePreload: false, target: "es2022" },
  plugins: [offline()],
  preview: { headers: HEADERS, host: "127.0.0.1", port: 4173, strictPort: true },
});
