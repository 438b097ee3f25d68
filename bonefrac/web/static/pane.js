// One canvas with a radiograph and what a model says about it.

import { h } from "./dom.js";
import { drawLegend, drawMarks, drawScale } from "./marks.js";
import { heat, load, lookup, outlines, Picture } from "./picture.js";
import { alternative } from "./words.js";

/** The layers of an answer, ready to draw. `picture` may come from another model's answer. */
export async function ready(finding, picture = null) {
  const { layers } = finding;
  const made = { finding, picture, path: new Path2D(), heat: null };
  if (!picture) made.picture = new Picture(await load(layers.picture));
  if (layers.mask && finding.boxes.length) made.path = outlines(await load(layers.mask), finding.boxes);
  if (layers.heatmap) made.heat = heat(await load(layers.heatmap));
  return made;
}

export class Pane {
  constructor(view) {
    this.view = view;
    this.shown = null;
    this.canvas = h("canvas", {
      tabindex: "0", role: "application", "aria-roledescription": "radiograph", "aria-label": "No radiograph",
    });
    this.title = h("p", { class: "corner title" });
    this.state = h("p", { class: "corner state", "aria-hidden": "true" });
    this.element = h("div", { class: "pane" }, this.canvas, this.title, this.state);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.view.addEventListener("change", () => this.redraw());
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.element);
  }

  show(shown, { name, model }) {
    this.shown = shown;
    this.title.textContent = model;
    this.canvas.setAttribute("aria-label", shown ? alternative(name, shown.finding) : "No radiograph");
    this.redraw();
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    this.scale = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * this.scale);
    this.canvas.height = Math.round(height * this.scale);
    this.view.resized(width, height);
    this.redraw();
  }

  // Once a frame, however many events came.
  redraw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.draw();
    });
  }

  draw() {
    const { context, view, scale = 1 } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.shown) return this.tell("");
    this.drawPicture();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (view.heat && this.shown.heat) this.drawHeat();
    if (view.outlines) drawMarks(context, view, this.shown);
    if (view.heat && this.shown.heat) drawLegend(context, view);
    drawScale(context, view, this.shown.finding.spacing);
    const { width, height } = this.shown.finding;
    const share = 100 * view.zoom * devicePixelRatio; // of what 1:1 shows
    const zoom = `${share.toFixed(share < 10 ? 1 : 0)} %`;
    this.tell(`${width} × ${height}\nW ${Math.round(view.window)}  L ${Math.round(view.level)}\nZoom ${zoom}`);
  }

  tell(text) {
    this.state.textContent = text;
  }

  // Scaled first, then windowed: as many pixels as the screen shows, whatever the picture has.
  drawPicture() {
    const { context, view, scale = 1 } = this;
    const { picture } = this.shown;
    const [left, top] = view.place(0, 0).map((each) => each * scale);
    const size = view.zoom * scale;
    context.imageSmoothingEnabled = true;
    context.drawImage(picture.level(size), left, top, picture.width * size, picture.height * size);
    const x = Math.max(0, Math.floor(left)), y = Math.max(0, Math.floor(top));
    const right = Math.min(this.canvas.width, Math.ceil(left + picture.width * size));
    const bottom = Math.min(this.canvas.height, Math.ceil(top + picture.height * size));
    if (right <= x || bottom <= y || (view.window === 256 && view.level === 128 && !view.invert)) return;
    const data = context.getImageData(x, y, right - x, bottom - y);
    const table = lookup(view.window, view.level, view.invert);
    for (let i = 0; i < data.data.length; i += 4) {
      if (data.data[i + 3]) data.data[i] = data.data[i + 1] = data.data[i + 2] = table[data.data[i]];
    }
    context.putImageData(data, x, y);
  }

  drawHeat() {
    const { context, view } = this;
    const [left, top] = view.place(0, 0);
    const { width, height } = this.shown.picture;
    context.globalAlpha = view.opacity;
    context.drawImage(this.shown.heat, left, top, width * view.zoom, height * view.zoom);
    context.globalAlpha = 1;
  }

  remove() {
    this.observer.disconnect();
    this.shown = null;
    this.element.remove();
  }
}
