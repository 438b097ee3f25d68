// What the page asks of the server, and how the server's errors read in one line.

const TOKEN = "bonefrac-token";
const PATIENCE = 120_000; // milliseconds with a busy server; the reader can cancel before
const LONGEST_WAIT = 30; // seconds; a server that asks for more is told to the reader instead

const OTHERWISE = { // where a proxy in front of the server answers
  413: "The file is larger than the server takes; expected one radiograph. Ask whoever runs it to raise the limit.",
  502: "The server behind this address does not answer. Check that bonefrac-serve is running, then try again.",
  504: "The server took too long; expected a smaller radiograph. Send it alone.",
};

export class ApiError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export class Cancelled extends Error {}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

function headers(accept) {
  const token = sessionStorage.getItem(TOKEN);
  return { Accept: accept, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
}

/** The cards of the server's models, the default first. */
export async function models() {
  let answer;
  try {
    answer = await fetch("/v1/models", { headers: headers("application/json") });
  } catch {
    throw unreachable();
  }
  const text = await answer.text();
  if (!answer.ok) throw failure(answer.status, text);
  return JSON.parse(text).models;
}

/** The finding on one file, with its layers. `progress` is told "sending" with a share, "thinking", "busy". */
export async function predict(file, { model, include, progress, signal }) {
  const blob = await ask(file, { query: { model, include }, accept: "application/json", progress, signal });
  return JSON.parse(await blob.text());
}

/** One of the files that the server makes of a finding: an overlay PNG, or DICOM of a kind. */
export function download(file, { model, accept, kind }) {
  const query = kind ? { model, kind } : { model };
  return ask(file, { query, accept, progress: () => {}, signal: null });
}

async function ask(file, { query, accept, progress, signal }) {
  for (const start = Date.now(); ;) {
    try {
      return await send(file, { query, accept, progress, signal });
    } catch (error) {
      const isBusy = error instanceof ApiError && (error.status === 429 || error.status === 503);
      if (!isBusy || Date.now() - start > PATIENCE || !(error.retryAfter <= LONGEST_WAIT)) throw error;
      progress("busy", error.retryAfter);
      await pause(error.retryAfter || 1, signal);
    }
  }
}

// XMLHttpRequest, as fetch does not tell how much of an upload has gone.
function send(file, { query, accept, progress, signal }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Cancelled());
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", `/v1/predict?${new URLSearchParams(query)}`);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers(accept))) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress("sending", event.total ? event.loaded / event.total : 0);
    request.upload.onload = () => progress("thinking");
    request.onload = async () => {
      if (request.status === 200) return resolve(request.response);
      const wait = Number(request.getResponseHeader("Retry-After")) || 0;
      reject(failure(request.status, await request.response.text(), wait));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new Cancelled());
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    progress("sending", 0);
    request.send(body);
  });
}

function failure(status, text, retryAfter) {
  let told;
  try {
    told = JSON.parse(text).error;
  } catch {
    told = null;
  }
  return new ApiError(status, inOneLine(told) || OTHERWISE[status] || `The server answered ${status}. Try again.`, retryAfter);
}

function inOneLine(told) {
  if (typeof told === "string") return told;
  if (!told?.received) return "";
  return `${told.received}; expected ${told.expected}. ${told.fix}.`;
}

function unreachable() {
  return new ApiError(0, "The server does not answer. Check that bonefrac-serve is running, then try again.");
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(new Cancelled()); }, { once: true });
  });
}
