// Colour and deep gray to the 0..255 that a model takes, as bonefrac's reader does it.

const SATURATED = 0.001; // share of pixels that may saturate at each end

/** ITU-R 601 luma in integers, as Pillow rounds it. */
export const luma = (r, g, b) => (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;

/** RGBA bytes, row by row -> Uint8Array of grays, alpha left out. */
export function fromColour(rgba) {
  const gray = new Uint8Array(rgba.length / 4);
  for (let i = 0, at = 0; i < gray.length; i++, at += 4) {
    gray[i] = luma(rgba[at], rgba[at + 1], rgba[at + 2]);
  }
  return gray;
}

/** 16-bit grays -> Float32Array 0..255, windowed between the percentiles 0.1 and 99.9. */
export function windowed(values) {
  const counts = new Uint32Array(65536);
  for (const value of values) counts[value]++;
  const low = percentile(counts, values.length, SATURATED);
  const width = Math.max(percentile(counts, values.length, 1 - SATURATED) - low, 1e-37);
  return Float32Array.from(values, (v) => 255 * Math.min(1, Math.max(0, (v - low) / width)));
}

/** Between the two nearest ranks, as NumPy's `percentile`. */
function percentile(counts, total, share) {
  const place = share * (total - 1);
  const below = ranked(counts, Math.floor(place));
  return below + (place % 1) * (ranked(counts, Math.ceil(place)) - below);
}

function ranked(counts, rank) {
  let value = 0;
  for (let seen = counts[0]; seen <= rank; seen += counts[value]) value++;
  return value;
}
