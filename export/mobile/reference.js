// What stands around a bonefrac model: pixels into its square, its answer back into a finding.
// No dependencies. The same rules as bonefrac/radiograph/letterbox.py and bonefrac/inference/.

const SPECK_SHARE = 2e-5; // of the picture: a smaller part of a mask is no lesion
const SPECK_PIXELS = 4;
const SCORE_SHARE = 0.1; // of a lesion's pixels, the highest, make its score

/** How a picture lies in a square: the scaled sides, centred. */
export function fit(width, height, size) {
  const longest = Math.max(width, height);
  // Integers, halves up: float rounding could differ by a pixel from Python's.
  const side = (n) => Math.max(1, Math.floor((2 * n * size + longest) / (2 * longest)));
  const inner = { width: side(width), height: side(height) };
  const left = Math.floor((size - inner.width) / 2);
  const top = Math.floor((size - inner.height) / 2);
  return { ...inner, left, top, size };
}

/** Gray pixels 0..255, row by row -> Float32Array of a square, the picture centred on black. */
export function letterbox(pixels, width, height, size) {
  const place = fit(width, height, size);
  const scaled = resize(pixels, width, height, place.width, place.height);
  const square = new Float32Array(size * size);
  for (let y = 0; y < place.height; y++) {
    const row = scaled.subarray(y * place.width, (y + 1) * place.width);
    square.set(row, (place.top + y) * size + place.left);
  }
  return square;
}

/** The part of a square that the picture takes: Float32Array, as large as `fit` says. */
export function inside(square, place) {
  const part = new Float32Array(place.width * place.height);
  for (let y = 0; y < place.height; y++) {
    const from = (place.top + y) * place.size + place.left;
    part.set(square.subarray(from, from + place.width), y * place.width);
  }
  return part;
}

/** A mask probability of the square -> Float32Array of the picture, in 0..1. */
export function unletterbox(square, width, height, size) {
  const place = fit(width, height, size);
  const image = resize(inside(square, place), place.width, place.height, width, height);
  for (let i = 0; i < image.length; i++) image[i] = Math.min(1, Math.max(0, image[i]));
  return image;
}

/** Bilinear, the kernel widened to the source pixel when shrinking. */
export function resize(image, width, height, newWidth, newHeight) {
  const tall = new Float32Array(width * newHeight);
  const down = taps(height, newHeight);
  for (let y = 0; y < newHeight; y++) {
    for (let k = y * down.count; k < (y + 1) * down.count; k++) {
      const [weight, from, to] = [down.weights[k], down.places[k] * width, y * width];
      if (weight) for (let x = 0; x < width; x++) tall[to + x] += weight * image[from + x];
    }
  }
  const result = new Float32Array(newWidth * newHeight);
  const { count, places, weights } = taps(width, newWidth);
  for (let y = 0, at = 0; y < newHeight; y++) {
    for (let x = 0, k = 0; x < newWidth; x++, at++) {
      let sum = 0;
      for (const end = k + count; k < end; k++) sum += weights[k] * tall[y * width + places[k]];
      result[at] = sum;
    }
  }
  return result;
}

/** Which source pixels count for each target pixel, `count` a target, and how much. */
function taps(source, target) {
  const scale = source / target;
  const radius = Math.max(scale, 1);
  const count = Math.min(source, Math.floor(2 * radius) + 2);
  const [places, weights] = [new Int32Array(target * count), new Float32Array(target * count)];
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    // All that count lie in the window, which is kept inside the picture.
    const first = Math.max(0, Math.min(source - count, Math.floor(centre - radius - 0.5)));
    const row = Array.from({ length: count }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / radius),
    );
    const sum = row.reduce((one, other) => one + other);
    for (let k = 0; k < count; k++) {
      places[i * count + k] = first + k;
      weights[i * count + k] = row[k] / sum;
    }
  }
  return { count, places, weights };
}

/** "fracture", "doubt" or "no fracture", for a calibrated probability. */
export function verdict(probability, thresholds) {
  if (probability >= thresholds.sure) return "fracture";
  return probability >= thresholds.doubt ? "doubt" : "no fracture";
}

/**
 * What a model says about one picture.
 * @param answer {mask: Float32Array of the square, probability} of the model
 * @returns {probability, verdict, boxes, mask}: mask Uint8Array, 1 inside lesions, of the picture;
 *   boxes {x, y, width, height, score, area} in its pixels, highest score first. A verdict of
 *   "no fracture" has neither.
 */
export function finding(answer, width, height, size, thresholds) {
  const found = verdict(answer.probability, thresholds);
  const parts =
    found === "no fracture"
      ? { mask: new Uint8Array(width * height), boxes: [] }
      : lesions(unletterbox(answer.mask, width, height, size), width, height, thresholds.mask);
  return { probability: answer.probability, verdict: found, ...parts };
}

/** The 8-connected parts of a thresholded mask, less specks. */
export function lesions(probability, width, height, threshold) {
  const limit = Math.fround(threshold); // NumPy compares float32 with float32
  const open = new Uint8Array(probability.length);
  for (let i = 0; i < open.length; i++) open[i] = probability[i] >= limit ? 1 : 0;
  const mask = new Uint8Array(open.length);
  const smallest = Math.max(SPECK_PIXELS, SPECK_SHARE * open.length);
  const boxes = [];
  for (let start = open.indexOf(1); start >= 0; start = open.indexOf(1, start + 1)) {
    const part = flood(open, start, width, height);
    if (part.length < smallest) continue;
    for (const place of part) mask[place] = 1;
    boxes.push({ ...bounds(part, width), score: score(part, probability), area: part.length });
  }
  return { mask, boxes: boxes.sort((a, b) => b.score - a.score || a.y - b.y || a.x - b.x) };
}

/** The places of the part that `start` belongs to; takes them out of `open`. */
function flood(open, start, width, height) {
  const part = [start];
  open[start] = 0;
  for (let i = 0; i < part.length; i++) {
    const x = part[i] % width;
    const y = (part[i] - x) / width;
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const place = v * width + u;
        if (!open[place]) continue;
        open[place] = 0;
        part.push(place);
      }
    }
  }
  return part;
}

function bounds(part, width) {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (const place of part) {
    const x = place % width;
    const y = (place - x) / width;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

function score(part, probability) {
  const values = Float32Array.from(part, (place) => probability[place]).sort();
  const best = values.subarray(values.length - Math.ceil(SCORE_SHARE * values.length));
  return best.reduce((sum, value) => sum + value, 0) / best.length;
}

/** The model card in the metadata of a .tflite (ArrayBuffer), or an Error of one line. */
export function card(buffer) {
  let text;
  try {
    text = metadata(new DataView(buffer), "bonefrac_card");
  } catch {
    throw new Error("This is no .tflite file, or it is cut short.");
  }
  if (text === null) throw new Error("This .tflite has no bonefrac card. Use bonefrac-export.");
  return JSON.parse(text);
}

// The tables of the TFLite schema (schema.fbs), by the position of a field in them.
const MODEL = { buffers: 4, metadata: 6 };
const METADATA = { name: 0, buffer: 1 };
const BUFFER = { data: 0 };

function metadata(view, wanted) {
  const follow = (at) => at + view.getUint32(at, true);
  const field = (table, index) => {
    const layout = table - view.getInt32(table, true);
    const entry = 4 + 2 * index;
    const offset = entry < view.getUint16(layout, true) ? view.getUint16(layout + entry, true) : 0;
    return offset ? table + offset : 0;
  };
  const bytes = (at) => {
    const vector = follow(at);
    return new Uint8Array(view.buffer, view.byteOffset + vector + 4, view.getUint32(vector, true));
  };
  const text = (at) => new TextDecoder().decode(bytes(at));
  const items = (at) => {
    const vector = at && follow(at);
    const count = at ? view.getUint32(vector, true) : 0;
    return (index) => (index < count ? follow(vector + 4 + 4 * index) : 0);
  };
  if (new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + 4, 4)) !== "TFL3") {
    throw new RangeError("not a .tflite");
  }
  const model = follow(0);
  const entry = items(field(model, MODEL.metadata));
  const buffer = items(field(model, MODEL.buffers));
  for (let i = 0, table; (table = entry(i)); i++) {
    if (text(field(table, METADATA.name)) !== wanted) continue;
    const number = field(table, METADATA.buffer);
    return text(field(buffer(number ? view.getUint32(number, true) : 0), BUFFER.data));
  }
  return null;
}
