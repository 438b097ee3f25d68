// Gray pixels of a PNG, as bonefrac's reader makes them: browsers cut 16 bits down to 8.

import { luma } from "./gray.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const CHANNELS = { 0: 1, 2: 3, 4: 2, 6: 4 }; // by colour type; a palette (3) is not read here

/** Width, height, bits, colour type and interlacing of a PNG; null if the bytes are none. */
export function header(bytes) {
  if (bytes.length < 33 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [bits, colour, , , interlaced] = bytes.subarray(24, 29);
  return { width: view.getUint32(16), height: view.getUint32(20), bits, colour, interlaced };
}

/** Whether only this module reads the picture as Python does: gray of 16 bits. */
export const isDeep = (head) => head !== null && head.bits === 16 && head.colour === 0;

/** @returns {pixels, width, height}: Uint8Array or, of 16 bits, Uint16Array; or an Error. */
export async function decode(bytes) {
  const head = header(bytes);
  if (!head) throw new Error("This is no PNG.");
  const channels = CHANNELS[head.colour];
  const known = channels && !head.interlaced && (head.bits === 8 || isDeep(head));
  if (!known) throw new Error("This kind of PNG is not read here. Save it as 8-bit gray.");
  const stride = (head.width * channels * head.bits) / 8;
  const raw = await inflate(bytes);
  if (raw.length < head.height * (stride + 1)) throw new Error("This PNG is cut short.");
  const samples = unfilter(raw, head.height, stride, (channels * head.bits) / 8);
  const { width, height } = head;
  if (head.bits === 16) return { pixels: bigEndian(samples), width, height };
  return { pixels: grays(samples, channels), width, height };
}

async function inflate(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error("This PNG is cut short or damaged.");
  }
}

/** Undo the filters of the PNG specification, section 9. */
function unfilter(raw, height, stride, step) {
  const out = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    for (let x = 0; x < stride; x++) {
      const a = x >= step ? out[to + x - step] : 0;
      const b = y ? out[to + x - stride] : 0;
      const c = x >= step && y ? out[to + x - stride - step] : 0;
      out[to + x] = raw[from + x] + predicted(filter, a, b, c);
    }
  }
  return out;
}

function predicted(filter, a, b, c) {
  if (filter === 0) return 0;
  if (filter === 1) return a;
  if (filter === 2) return b;
  if (filter === 3) return (a + b) >> 1;
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function bigEndian(samples) {
  const view = new DataView(samples.buffer);
  return Uint16Array.from({ length: samples.length / 2 }, (_, i) => view.getUint16(2 * i));
}

function grays(samples, channels) {
  const count = samples.length / channels;
  const colour = channels > 2;
  return Uint8Array.from({ length: count }, (_, i) => {
    const at = i * channels;
    return colour ? luma(samples[at], samples[at + 1], samples[at + 2]) : samples[at];
  });
}
