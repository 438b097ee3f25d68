// The worker: decodes pictures and asks the model, so that the page never waits.

import { Engine, load } from "./engine.js";
import { fromColour } from "./gray.js";
import { contours } from "./contours.js";
import { grayOf } from "./picture.js";
import { fit, inside } from "../../mobile/reference.js";

let engine;

const TASKS = {
  /** Load the runtime. */
  async start({ folder, variant, threads }) {
    const locateFile = (file) => `${folder}${file}`;
    const urls = { locateFile, mainScriptUrlOrBlob: `${folder}${variant}.js` };
    await load(`${folder}${variant}.js`, { threads, urls });
  },

  /** Take another model. @returns its card */
  async model({ bytes }) {
    const next = await Engine.open(bytes);
    engine?.close();
    engine = next;
    return { card: engine.card };
  },

  /** A picture file. @returns a finding, and the grays that the model saw */
  async file({ blob }) {
    const started = performance.now();
    const { pixels, width, height } = await grayOf(blob);
    const told = await answer(pixels, width, height, started);
    return { ...told, gray: Uint8ClampedArray.from(pixels) };
  },

  /** A frame of the camera. @returns a finding, and the grays if they are asked for */
  async frame({ rgba, width, height, wantsGray }) {
    const started = performance.now();
    const pixels = fromColour(rgba);
    const told = await answer(pixels, width, height, started);
    return wantsGray ? { ...told, gray: Uint8ClampedArray.from(pixels) } : told;
  },
};

async function answer(pixels, width, height, started) {
  const { square, ...found } = await engine.find(pixels, width, height);
  const place = fit(width, height, engine.card.image_size);
  return {
    ...found,
    width,
    height,
    outlines: contours(found.mask, width, found.boxes),
    heat: { values: inside(square, place), width: place.width, height: place.height },
    elapsed_ms: performance.now() - started,
  };
}

self.onmessage = async ({ data: { id, task, ...rest } }) => {
  try {
    const told = (await TASKS[task](rest)) ?? {};
    const large = [told.mask, told.gray, told.heat?.values].filter(Boolean);
    self.postMessage({ id, told }, { transfer: large.map((array) => array.buffer) });
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
