// Puts a .tflite where the page looks for its model: `npm run model -- PATH.tflite`.
// Without a path, the trained one that lies in this repository.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { card } from "../../mobile/reference.js";

const TARGET = fileURLToPath(new URL("../public/model.tflite", import.meta.url));

const SHIPPED = "../../bonefrac/models/weights/unet_tiny.fracatlas/model.tflite";

const [path = SHIPPED] = process.argv.slice(2);
try {
  const bytes = readFileSync(path);
  const { name, image_size } = card(new Uint8Array(bytes).buffer);
  mkdirSync(dirname(TARGET), { recursive: true });
  writeFileSync(TARGET, bytes);
  console.log(`${name} at ${image_size} pixels is in public/model.tflite; now npm run build`);
} catch (error) {
  console.error(`${path}: ${error.message}`);
  process.exit(1);
}
