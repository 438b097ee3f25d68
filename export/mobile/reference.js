// Before and after the network: what an app must do around a `.tflite`, without any library.
//
// pixels Float32Array [H * W], gray 0..255 -> letterbox -> network -> toPicture -> lesions -> boxes

const SPECK_SHARE = 2e-5; // smaller lesions are noise
const SPECK_PIXELS = 4;
const SCORE_SHARE = 0.1; // a lesion's score is the mean of its highest tenth

/** The model card, which is the metadata `bonefrac_card` of the file. */
export function card(buffer) {
  const view = new DataView(buffer);
  const u32 = (at) => view.getUint32(at, true);
  if (view.byteLength < 8 || u32(4) !== 0x334c4654) throw new Error("no TFL3 identifier: not a .tflite file");
  // A table starts with the way back to its vtable; slot k of that says where field k lies.
  const field = (table, k) => {
    const vtable = table - view.getInt32(table, true);
    const slot = 4 + 2 * k;
    const offset = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0;
    return offset && table + offset;
  };
  const follow = (at) => at + u32(at);
  const bytes = (at) => new Uint8Array(buffer, follow(at) + 4, u32(follow(at)));
  const text = (at) => new TextDecoder().decode(bytes(at));
  const model = follow(0);
  const [buffers, metadata] = [field(model, 4), field(model, 6)];
  const entries = metadata ? follow(metadata) : 0;
  for (let k = 0; entries && k < u32(entries); k++) {
    const entry = follow(entries + 4 + 4 * k);
    if (text(field(entry, 0)) !== "bonefrac_card") continue;
    const index = field(entry, 1) ? u32(field(entry, 1)) : 0;
    return JSON.parse(text(field(follow(follow(buffers) + 4 + 4 * index), 0)));
  }
  throw new Error("no bonefrac_card metadata in this file");
}

/** Where the scaled picture lies in the square: integers, halves up. */
export function inner(height, width, size) {
  const longest = Math.max(height, width);
  const [h, w] = [height, width].map((n) =>
    Math.max(1, Math.floor((2 * n * size + longest) / (2 * longest))));
  return { top: Math.floor((size - h) / 2), left: Math.floor((size - w) / 2), h, w };
}

/** [height * width] -> [size * size]: the longer side fills the square, the rest is black. */
export function letterbox(pixels, height, width, size) {
  const { top, left, h, w } = inner(height, width, size);
  const small = resize(pixels, height, width, h, w);
  const square = new Float32Array(size * size);
  for (let y = 0; y < h; y++)
    square.set(small.subarray(y * w, (y + 1) * w), (top + y) * size + left);
  return square;
}

/** Mask probabilities [size * size] of the square -> [height * width] of the picture. */
export function toPicture(square, size, height, width) {
  const { top, left, h, w } = inner(height, width, size);
  const cut = new Float32Array(h * w);
  for (let y = 0; y < h; y++)
    cut.set(square.subarray((top + y) * size + left, (top + y) * size + left + w), y * w);
  return resize(cut, h, w, height, width);
}

/** Bilinear; the kernel is as wide as a source pixel needs when shrinking. */
export function resize(image, height, width, newHeight, newWidth) {
  const rows = taps(height, newHeight);
  const columns = taps(width, newWidth);
  const between = new Float32Array(newHeight * width);
  rows.forEach(({ first, weights }, y) => {
    for (let k = 0; k < weights.length; k++)
      for (let x = 0; x < width; x++)
        between[y * width + x] += weights[k] * image[(first + k) * width + x];
  });
  const result = new Float32Array(newHeight * newWidth);
  columns.forEach(({ first, weights }, x) => {
    for (let y = 0; y < newHeight; y++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * between[y * width + first + k];
      result[y * newWidth + x] = sum;
    }
  });
  return result;
}

/** For each target pixel the first source pixel that counts, and how much it and those after do. */
function taps(source, target) {
  const scale = source / target;
  const radius = Math.max(scale, 1);
  return Array.from({ length: target }, (_, k) => {
    const centre = (k + 0.5) * scale;
    const first = Math.max(0, Math.ceil(centre - radius - 0.5));
    const last = Math.min(source - 1, Math.floor(centre + radius - 0.5));
    const weights = Array.from({ length: last - first + 1 }, (_, n) =>
      Math.max(0, 1 - Math.abs(first + n + 0.5 - centre) / radius));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** One of "fracture", "doubt" and "no fracture". */
export function verdict(probability, thresholds) {
  if (probability >= thresholds.sure) return "fracture";
  return probability >= thresholds.doubt ? "doubt" : "no fracture";
}

/** Boxes around the 8-connected parts of a mask [height * width], highest score first. */
export function lesions(probability, height, width, threshold) {
  const smallest = Math.max(SPECK_PIXELS, SPECK_SHARE * height * width);
  const found = [];
  for (const pixels of parts(probability, height, width, threshold)) {
    if (pixels.length < smallest) continue;
    const values = pixels.map((at) => probability[at]).sort((a, b) => b - a);
    const highest = values.slice(0, Math.ceil(SCORE_SHARE * pixels.length));
    const [box, score] = [bounds(pixels, width), highest.reduce((a, b) => a + b) / highest.length];
    found.push({ ...box, score: Math.min(1, Math.max(0, score)) });
  }
  return found.sort((a, b) => b.score - a.score || a.y - b.y || a.x - b.x);
}

function bounds(pixels, width) {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
  for (const at of pixels) {
    const [x, y] = [at % width, Math.floor(at / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

/** The pixels of each 8-connected part, by flooding. */
function parts(probability, height, width, threshold) {
  const free = Uint8Array.from(probability, (value) => (value >= Math.fround(threshold) ? 1 : 0));
  const all = [];
  for (let start = 0; start < free.length; start++) {
    if (!free[start]) continue;
    const part = [start];
    free[start] = 0;
    for (let k = 0; k < part.length; k++) {
      const [x, y] = [part[k] % width, Math.floor(part[k] / width)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
          if (free[v * width + u]) {
            free[v * width + u] = 0;
            part.push(v * width + u);
          }
    }
    all.push(part);
  }
  return all;
}
