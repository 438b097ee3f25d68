// Which model answers: the one of this site, or one that the user chose and the browser keeps.

const CACHE = "bonefrac-chosen-model";
const CHOSEN = new URL("chosen-model.tflite", document.baseURI).href; // a key, never fetched
const OWN = new URL("model.tflite", document.baseURI).href;

/** The bytes of the chosen model, else of the site's own; null where there is neither. */
export async function remembered() {
  return (await chosen()) ?? own();
}

/** The bytes of the site's own model, or null. */
export async function own() {
  const response = await fetch(OWN).catch(() => null);
  // Some hosts answer with a page for a file that they do not have.
  const isPage = response?.headers.get("content-type")?.startsWith("text/html");
  return response?.ok && !isPage ? new Uint8Array(await response.arrayBuffer()) : null;
}

async function chosen() {
  const kept = await (await caches.open(CACHE)).match(CHOSEN);
  return kept ? new Uint8Array(await kept.arrayBuffer()) : null;
}

export async function remember(bytes) {
  await (await caches.open(CACHE)).put(CHOSEN, new Response(bytes));
}

export async function forget() {
  await caches.delete(CACHE);
}

/** Whether the browser keeps a model that the user chose. */
export async function isChosen() {
  return (await (await caches.open(CACHE)).match(CHOSEN)) !== undefined;
}
