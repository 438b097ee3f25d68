// Pictures from the server: a gray radiograph, the outlines of a mask, a heat map.

const MOST_PIXELS = 16e6; // canvases above this stay blank on phones
export const PEAKS = [ // inferno, nine stops: perceptually uniform, told apart in colour blindness
  [0, 0, 4], [27, 12, 65], [74, 12, 107], [120, 28, 109], [165, 44, 96], [207, 68, 70], [237, 105, 37],
  [251, 155, 6], [252, 255, 164],
];

/** An image element, decoded. */
export async function load(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}

function canvas(width, height) {
  const made = document.createElement("canvas");
  made.width = Math.max(1, Math.round(width));
  made.height = Math.max(1, Math.round(height));
  return made;
}

function drawn(image, width, height) {
  const made = canvas(width, height);
  const context = made.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, made.width, made.height);
  return made;
}

/** A radiograph, and halves of it: what is shown small is averaged, not skipped over. */
export class Picture {
  constructor(image) {
    this.width = image.naturalWidth;
    this.height = image.naturalHeight;
    const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (this.width * this.height)));
    let level = drawn(image, this.width * shrink, this.height * shrink);
    this.levels = [level];
    while (Math.max(level.width, level.height) > 400) {
      level = drawn(level, level.width / 2, level.height / 2);
      this.levels.push(level);
    }
  }

  /** The smallest level that still has a pixel for each screen pixel. */
  level(zoom) {
    const enough = this.levels.filter((each) => each.width >= this.width * zoom);
    return enough.at(-1) ?? this.levels[0];
  }

  thumbnail(side) {
    const source = this.levels.at(-1);
    const scale = side / Math.max(source.width, source.height);
    return drawn(source, source.width * scale, source.height * scale);
  }
}

/** Gray 0..255 -> gray for a window and its centre, as DICOM PS3.3 C.11.2.1.2.1 has it. */
export function lookup(width, level, invert) {
  const table = new Uint8ClampedArray(256);
  for (let value = 0; value < 256; value++) {
    const share = (value - (level - 0.5)) / (width - 1) + 0.5;
    table[value] = 255 * (invert ? 1 - share : share);
  }
  return table;
}

/** A heat map as a canvas whose alpha grows with the probability. */
export function heat(image) {
  const made = drawn(image, image.naturalWidth, image.naturalHeight);
  const context = made.getContext("2d");
  const data = context.getImageData(0, 0, made.width, made.height);
  for (let i = 0; i < data.data.length; i += 4) {
    const share = data.data[i] / 255;
    const place = share * (PEAKS.length - 1);
    const low = Math.min(PEAKS.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) {
      data.data[i + c] = PEAKS[low][c] + (place - low) * (PEAKS[low + 1][c] - PEAKS[low][c]);
    }
    data.data[i + 3] = 255 * Math.min(1, share * 1.6);
  }
  context.putImageData(data, 0, 0);
  return made;
}

/** The borders of what is white in a mask, as one path in pixels of the picture. */
export function outlines(image, boxes) {
  const path = new Path2D();
  if (!boxes.length) return path;
  const made = drawn(image, image.naturalWidth, image.naturalHeight);
  const context = made.getContext("2d");
  const { x, y, width, height } = around(boxes, made);
  const data = context.getImageData(x, y, width, height).data;
  const inside = (u, v) => u >= 0 && v >= 0 && u < width && v < height && data[4 * (v * width + u)] > 127;
  for (const loop of loops(inside, width, height)) add(path, smooth(loop), x, y);
  return path;
}

// Only what the boxes cover: a mask is empty elsewhere, and a large radiograph costs time to read.
function around(boxes, { width, height }) {
  const x = Math.max(0, Math.min(...boxes.map((box) => box.x)) - 1);
  const y = Math.max(0, Math.min(...boxes.map((box) => box.y)) - 1);
  const right = Math.min(width, Math.max(...boxes.map((box) => box.x + box.width)) + 1);
  const bottom = Math.min(height, Math.max(...boxes.map((box) => box.y + box.height)) + 1);
  return { x, y, width: right - x, height: bottom - y };
}

// Edges between inside and outside, the inside on the right, chained to closed loops of corners.
function loops(inside, width, height) {
  const next = new Map();
  const edge = (u0, v0, u1, v1) => {
    const key = v0 * (width + 2) + u0;
    if (!next.has(key)) next.set(key, []);
    next.get(key).push([u1, v1]);
  };
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      if (!inside(u, v)) continue;
      if (!inside(u, v - 1)) edge(u, v, u + 1, v);
      if (!inside(u + 1, v)) edge(u + 1, v, u + 1, v + 1);
      if (!inside(u, v + 1)) edge(u + 1, v + 1, u, v + 1);
      if (!inside(u - 1, v)) edge(u, v + 1, u, v);
    }
  }
  return chained(next, width + 2);
}

function chained(next, stride) {
  const all = [];
  for (const start of next.keys()) {
    while (next.get(start).length) {
      const loop = [];
      let key = start;
      do {
        const point = next.get(key).pop();
        loop.push(point);
        key = point[1] * stride + point[0];
      } while (key !== start);
      all.push(loop);
    }
  }
  return all;
}

// Each corner becomes the mean of its neighbours: no stairs.
function smooth(loop, reach = 2) {
  const count = loop.length;
  return loop.map((_, k) => {
    let x = 0, y = 0;
    for (let d = -reach; d <= reach; d++) {
      const point = loop[(k + d + count) % count];
      x += point[0];
      y += point[1];
    }
    return [x / (2 * reach + 1), y / (2 * reach + 1)];
  });
}

function add(path, loop, x, y) {
  loop.forEach(([u, v], k) => (k ? path.lineTo(x + u, y + v) : path.moveTo(x + u, y + v)));
  path.closePath();
}
