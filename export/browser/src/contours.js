// The outlines of a mask as an SVG path: along the edges of its pixels, then smoothed.

const SMOOTH_SHARE = 1 / 160; // of the shorter side: the stairs of pixels go, the shape stays

/**
 * @param mask Uint8Array, 1 inside; everything in it lies in `boxes`
 * @returns the `d` of an SVG path in pixels of the picture
 */
export function contours(mask, width, boxes) {
  const height = mask.length / width;
  const window = Math.max(3, 2 * Math.round((Math.min(width, height) * SMOOTH_SHARE) / 2) + 1);
  return loops(edges(mask, width, height, boxes), width + 1)
    .map((loop) => path(smooth(loop, window)))
    .join("");
}

/** Corner -> the corners that an edge leads to, the mask on the right of each edge. */
function edges(mask, width, height, boxes) {
  const next = new Map();
  const seen = new Set(); // boxes may overlap
  const corner = (x, y) => y * (width + 1) + x;
  const add = (from, to) => (next.has(from) ? next.get(from).push(to) : next.set(from, [to]));
  const isOpen = (x, y) => x < 0 || y < 0 || x >= width || y >= height || !mask[y * width + x];
  const walk = (x, y) => {
    const [a, b, c, d] = [corner(x, y), corner(x + 1, y), corner(x + 1, y + 1), corner(x, y + 1)];
    if (seen.has(a)) return;
    seen.add(a);
    if (isOpen(x, y - 1)) add(a, b);
    if (isOpen(x + 1, y)) add(b, c);
    if (isOpen(x, y + 1)) add(c, d);
    if (isOpen(x - 1, y)) add(d, a);
  };
  const isRim = (x, y) =>
    isOpen(x, y - 1) || isOpen(x + 1, y) || isOpen(x, y + 1) || isOpen(x - 1, y);
  for (const box of boxes) {
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        if (mask[y * width + x] && isRim(x, y)) walk(x, y);
      }
    }
  }
  return next;
}

/** Closed loops of points [x, y]. */
function loops(next, columns) {
  const found = [];
  for (const start of next.keys()) {
    while (next.get(start)?.length) {
      const loop = [];
      for (let at = start, to; (to = next.get(at)?.pop()) !== undefined; at = to) {
        loop.push([at % columns, Math.floor(at / columns)]);
      }
      found.push(loop);
    }
  }
  return found;
}

/** The mean of each point and its neighbours around the loop. */
function smooth(loop, window) {
  const count = loop.length;
  const reach = Math.min((window - 1) / 2, Math.floor(count / 8));
  return loop.map((_, i) => {
    let [x, y] = [0, 0];
    for (let k = i - reach; k <= i + reach; k++) {
      const point = loop[(k + count) % count];
      [x, y] = [x + point[0], y + point[1]];
    }
    return [x / (2 * reach + 1), y / (2 * reach + 1)];
  });
}

const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;
