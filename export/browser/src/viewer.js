// The X-ray and what lies over it: heat map, outlines, boxes with their scores.

import { colours } from "./inferno.js";

const SVG = "http://www.w3.org/2000/svg";
const MAX_SIDE = 2400; // of the film on the screen; findings are made from the whole picture
const GAP = 7; // between a lesion and its frame, pixels of the screen
const FONT = 13;

export class Viewer {
  #finding = null;

  constructor({ sheet, film, video, heat, drawing }) {
    Object.assign(this, { sheet, film, video, heat, drawing });
    new ResizeObserver(() => this.#drawBoxes()).observe(sheet);
  }

  /** A picture: grays, row by row. */
  async showGray(gray, width, height) {
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    for (let i = 0; i < gray.length; i++) words[i] = 0xff000000 | (gray[i] * 0x010101);
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const size = { resizeWidth: w, resizeHeight: h, resizeQuality: "high" };
    const bitmap = await createImageBitmap(image, size);
    Object.assign(this.film, { width: w, height: h });
    this.film.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#open(width, height, { isLive: false });
  }

  /** The square in the middle of the camera's picture. */
  showVideo() {
    this.#open(1, 1, { isLive: true });
  }

  /** Lay a finding over what is shown. */
  draw(finding) {
    this.#finding = finding;
    this.drawing.dataset.verdict = finding.verdict;
    this.#drawHeat(finding.heat);
    this.#drawBoxes();
  }

  /** @param layers {outline, heat, opacity}: what shows, opacity 0..1 */
  setLayers({ outline, heat, opacity }) {
    this.drawing.classList.toggle("empty", !outline);
    this.heat.hidden = !heat;
    this.heat.style.opacity = opacity;
  }

  close() {
    this.#finding = null;
    this.sheet.hidden = true;
    this.drawing.replaceChildren();
  }

  #open(width, height, { isLive }) {
    this.close();
    this.heat.getContext("2d").clearRect(0, 0, this.heat.width, this.heat.height);
    this.sheet.style.setProperty("--wide", width);
    this.sheet.style.setProperty("--high", height);
    this.film.hidden = isLive;
    this.video.hidden = !isLive;
    this.sheet.classList.toggle("live", isLive);
    this.sheet.hidden = false;
  }

  #drawHeat({ values, width, height }) {
    Object.assign(this.heat, { width, height });
    const image = new ImageData(width, height);
    values.forEach((value, i) => image.data.set(colours(value), 4 * i));
    this.heat.getContext("2d").putImageData(image, 0, 0);
  }

  #drawBoxes() {
    if (!this.#finding) return;
    const { width, height, outlines, boxes } = this.#finding;
    const unit = width / (this.sheet.clientWidth || width); // picture pixels in one of the screen
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const strokes = (name, attributes) =>
      ["halo", "ink"].map((kind) => element(name, { ...attributes, class: kind }));
    const frames = boxes.map((box) => frame(box, GAP * unit, width, height));
    this.drawing.replaceChildren(
      ...(outlines ? strokes("path", { d: outlines }) : []),
      ...frames.flatMap((box) => strokes("rect", box)),
      ...frames.map((box, i) => label(boxes[i].score.toFixed(2), box, unit, { width, height })),
    );
  }
}

/** A box a little outside its lesion, inside the picture. */
function frame(box, gap, width, height) {
  const [x, y] = [Math.max(gap / 4, box.x - gap), Math.max(gap / 4, box.y - gap)];
  const right = Math.min(width - gap / 4, box.x + box.width + gap);
  const bottom = Math.min(height - gap / 4, box.y + box.height + gap);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/** The score above its frame, else below it, else inside. */
function label(words, box, unit, { width, height }) {
  const size = FONT * unit;
  const places = [box.y - 0.4 * size, box.y + box.height + 1.1 * size, box.y + 1.2 * size];
  const y = places.find((place) => place > size && place < height - 0.2 * size) ?? places[2];
  const x = Math.max(0, Math.min(box.x, width - 2.6 * size));
  const text = element("text", { x, y, "font-size": size });
  text.textContent = words;
  return text;
}

function element(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
