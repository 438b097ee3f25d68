// The worker as a few async functions: `await oracle.file(blob)`.

import { supportsFeature } from "@litertjs/core";

const FOLDER = new URL("wasm/", document.baseURI).href;

/** Which WebAssembly this browser runs best. Threads take COOP and COEP headers of the host. */
export async function variant() {
  const relaxed = await supportsFeature("relaxedSimd");
  const threads = relaxed && self.crossOriginIsolated && (await supportsFeature("threads"));
  const kind = threads ? "threaded_" : relaxed ? "" : "compat_";
  return { threads, name: `litert_wasm_${kind}internal` };
}

/** The worker, with its runtime loaded. */
export class Oracle {
  #worker = new Worker(new URL("./worker.js", import.meta.url));
  #waiting = new Map();
  #count = 0;

  static async open({ threads, name }) {
    const oracle = new Oracle();
    await oracle.#ask("start", { folder: FOLDER, variant: name, threads });
    return oracle;
  }

  constructor() {
    this.#worker.onmessage = ({ data: { id, told, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(told);
    };
    this.#worker.onerror = (event) => {
      const reason = event.message ?? "out of memory";
      const error = new Error(`The model stopped (${reason}). Reload the page.`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /** @param bytes Uint8Array of a .tflite -> {card} */
  model(bytes) {
    return this.#ask("model", { bytes });
  }

  /** A picture file -> a finding with `gray` */
  file(blob) {
    return this.#ask("file", { blob });
  }

  /** ImageData -> a finding, with `gray` if `wantsGray` */
  frame({ data, width, height }, { wantsGray = false } = {}) {
    return this.#ask("frame", { rgba: data, width, height, wantsGray }, [data.buffer]);
  }

  #ask(task, rest, transfer = []) {
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, ...rest }, transfer);
    });
  }
}
