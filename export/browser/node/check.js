// Answers of a .tflite in LiteRT.js under Node, by the page's own code: one JSON line a picture.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { windowed } from "../src/gray.js";
import { decode } from "../src/png.js";
import { loadRuntime } from "./litert.js";

const USAGE = "usage: npm run check -- MODEL.tflite PICTURE.png... [--output DIR]";

async function main(args) {
  const at = args.indexOf("--output");
  const [, output] = at < 0 ? [] : args.splice(at, 2);
  const [model, ...pictures] = args;
  if (!pictures.length) stop(USAGE, 2);
  const { Engine } = await loadRuntime();
  const failed = (path) => (error) => stop(`${path}: ${error.message}`);
  const engine = await Engine.open(read(model)).catch(failed(model));
  if (output) mkdirSync(output, { recursive: true });
  for (const path of pictures) {
    const { pixels: stored, width, height } = await decode(read(path)).catch(failed(path));
    const pixels = stored instanceof Uint16Array ? windowed(stored) : stored;
    const started = performance.now();
    const { mask, square, ...told } = await engine.find(pixels, width, height);
    const elapsed_ms = performance.now() - started;
    if (output) {
      const stem = join(output, basename(path, ".png"));
      writeFileSync(`${stem}.mask.raw`, mask); // uint8 [height, width], 0 and 1
      writeFileSync(`${stem}.square.raw`, square); // float32 [size, size], the mask probability
    }
    console.log(JSON.stringify({ image: path, width, height, ...told, elapsed_ms }));
  }
  process.exit(0); // threads of the runtime would keep the process
}

function read(path) {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    return stop(`${path} cannot be read (${error.code}). Check the path.`);
  }
}

function stop(line, status = 1) {
  console.error(line);
  process.exit(status);
}

await main(process.argv.slice(2));
