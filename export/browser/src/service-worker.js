// Keeps every file of one build, so that the page works without a network after its first load.

const VERSION = "__VERSION__";
const FILES = ["__FILES__"];
const CACHE = `bonefrac-page-${VERSION}`;
// The page says which WebAssembly this browser runs: each takes 9 MB.
const WASM = new URL(self.location).searchParams.get("wasm");

self.addEventListener("install", (event) => {
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([dropOlder(), self.clients.claim()]));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === self.location.origin) {
    event.respondWith(answer(event.request));
  }
});

async function fill() {
  const cache = await caches.open(CACHE);
  const files = [...FILES, ...[".js", ".wasm"].map((suffix) => `wasm/${WASM}${suffix}`)];
  // Past the browser's own cache, which may hold files of another build.
  await cache.addAll(files.map((file) => new Request(file, { cache: "no-cache" })));
}

async function dropOlder() {
  for (const name of await caches.keys()) {
    if (name.startsWith("bonefrac-page-") && name !== CACHE) await caches.delete(name);
  }
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  // Whoever asks, a file of this build is the same.
  const wanted = request.mode === "navigate" ? "./" : request;
  const kept = await cache.match(wanted, { ignoreVary: true });
  return kept ?? fetch(request);
}
