// Calls functions of a module for a test: a line [name, arguments] in, a line with the result out.

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const module = await import(pathToFileURL(process.argv[2]));

const raw = (base64) => new Uint8Array(Buffer.from(base64, "base64")).buffer;

function revive(_, value) {
  if (value?.float32 !== undefined) return new Float32Array(raw(value.float32));
  return value?.bytes !== undefined ? raw(value.bytes) : value;
}

function plain(_, value) {
  if (!ArrayBuffer.isView(value)) return value;
  return { float32: Buffer.from(Float32Array.from(value).buffer).toString("base64") };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, args] = JSON.parse(line, revive);
  let result;
  try {
    result = module[name](...args);
  } catch (error) {
    result = { error: error.message };
  }
  console.log(JSON.stringify(result, plain));
}
