// Gray pixels of a picture file, as bonefrac's reader makes them, or an Error of one line.

import { fromColour, windowed } from "./gray.js";
import { decode, header, isDeep } from "./png.js";

const MAX_PIXELS = 80_000_000; // a 43 x 43 cm detector at 0.1 mm has 18 million
const STRIP_PIXELS = 4_000_000; // phones refuse canvases above 16 million
const FIX = "Use a PNG or JPEG.";

/** @returns {pixels, width, height} of a File or Blob */
export async function grayOf(blob) {
  const start = new Uint8Array(await blob.slice(0, 132).arrayBuffer());
  if (isDicom(start)) throw new Error("DICOM files are not read here. Save the picture as a PNG.");
  if (isDeep(header(start))) return deep(await blob.arrayBuffer());
  const bitmap = await bitmapOf(blob, start);
  try {
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS) {
      const received = `The picture has ${width} x ${height} pixels.`;
      throw new Error(`${received} Use one of at most 80 million.`);
    }
    return { pixels: grays(bitmap), width, height };
  } finally {
    bitmap.close();
  }
}

async function bitmapOf(blob, start) {
  try {
    // The numbers of the file: turned upright, but for no other screen and no transparency.
    return await createImageBitmap(blob, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    const tiff = ["II*\0", "MM\0*"].includes(String.fromCharCode(...start.subarray(0, 4)));
    const what = tiff ? "This browser cannot read TIFF." : "This is no picture, or it is damaged.";
    throw new Error(`${what} ${FIX}`);
  }
}

/** Strip by strip, so that no canvas is large. */
function grays(bitmap) {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  requireTrue(context);
  const pixels = new Uint8Array(width * height);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    pixels.set(fromColour(context.getImageData(0, 0, width, count).data), top * width);
  }
  return pixels;
}

/** Some browsers falsify what a page reads from a canvas, against fingerprinting. */
function requireTrue(context) {
  const side = Math.min(16, context.canvas.width, context.canvas.height);
  const known = new ImageData(side, side);
  known.data.set(known.data.map((_, i) => (i % 4 === 3 ? 255 : 120)));
  context.putImageData(known, 0, 0);
  const { data } = context.getImageData(0, 0, side, side);
  if (data.every((value, i) => value === known.data[i])) return;
  throw new Error("This browser alters pixels that a page reads. Allow it to read canvases.");
}

async function deep(buffer) {
  const { pixels, width, height } = await decode(new Uint8Array(buffer));
  return { pixels: windowed(pixels), width, height };
}

const isDicom = (start) => String.fromCharCode(...start.subarray(128, 132)) === "DICM";
