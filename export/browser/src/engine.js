// LiteRT.js with one bonefrac model: gray pixels in, a finding out; in a worker or in Node.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

import { card as readCard, finding, letterbox } from "../../mobile/reference.js";

const SIGNATURE = "serve_tensor";

/**
 * Load the runtime from a folder of its WebAssembly.
 * @param options {threads, urls}: whether to use threads; in a worker, how to find the files
 */
export async function load(folder, { threads = false, urls = {} } = {}) {
  const quiet = () => {};
  const { warn } = console;
  // It tells of its delegates at every model, and where there is no GPU, which is not used.
  self.Module = { print: quiet, printErr: quiet, ...urls };
  console.warn = quiet;
  try {
    await loadLiteRt(folder, { threads });
  } finally {
    console.warn = warn;
  }
}

/** A model that answers. */
export class Engine {
  /**
   * @param bytes Uint8Array of a .tflite of bonefrac-export
   * @throws Error of one line
   */
  static async open(bytes) {
    const card = readCard(bytes.slice().buffer);
    try {
      return new Engine(card, await loadAndCompile(bytes, { accelerator: "wasm" }));
    } catch (error) {
      throw new Error(`This model does not run here (${oneLine(error)}). Export it again.`);
    }
  }

  constructor(card, model) {
    [this.card, this.model] = [card, model];
  }

  /** @param square Float32Array [size * size] in 0..255 -> {mask: Float32Array, probability} */
  async answer(square) {
    const size = this.card.image_size;
    const image = new Tensor(square, [1, size, size, 1]);
    let told = {};
    try {
      told = await this.model.run(SIGNATURE, { image });
      const mask = told.mask_probability.toTypedArray().slice();
      return { mask, probability: told.fracture_probability.toTypedArray()[0] };
    } finally {
      // Nobody else frees WebAssembly memory.
      for (const tensor of [image, ...Object.values(told)]) tensor.delete();
    }
  }

  /** Gray pixels 0..255 -> the finding of `reference.js`, and the square's mask probability. */
  async find(pixels, width, height) {
    const { image_size: size, thresholds } = this.card;
    const answer = await this.answer(letterbox(pixels, width, height, size));
    return { ...finding(answer, width, height, size, thresholds), square: answer.mask };
  }

  close() {
    this.model.delete();
  }
}

const oneLine = (error) => String(error?.message ?? error).split("\n")[0].slice(0, 200);
