// What part of a radiograph is seen, and through which window; shared by all panes beside each other.

export const WINDOW = 256; // of the gray values that the server sends: all of them
export const LEVEL = 128;
const LARGEST = 32;

export class View extends EventTarget {
  constructor() {
    super();
    this.pane = { width: 1, height: 1 };
    this.picture = { width: 1, height: 1 };
    Object.assign(this, { x: 0, y: 0, zoom: 1, window: WINDOW, level: LEVEL, invert: false });
    Object.assign(this, { outlines: true, heat: false, opacity: 0.6, selected: null, isFitted: true });
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  set(values) {
    Object.assign(this, values);
    this.changed();
  }

  /** The zoom at which all of the picture is seen. */
  get fitted() {
    return Math.min(this.pane.width / this.picture.width, this.pane.height / this.picture.height);
  }

  fit() {
    this.isFitted = true;
    this.set({ x: this.picture.width / 2, y: this.picture.height / 2, zoom: this.fitted });
  }

  reset() {
    Object.assign(this, { window: WINDOW, level: LEVEL, invert: false, selected: null });
    this.fit();
  }

  resized(width, height) {
    this.pane = { width, height };
    if (this.isFitted) this.fit();
    else this.changed();
  }

  show(picture) {
    this.picture = picture;
    this.reset();
  }

  /** Zoom so that the point of the picture under a point of the pane stays there. */
  zoomAt(factor, px = this.pane.width / 2, py = this.pane.height / 2) {
    const zoom = Math.min(LARGEST, Math.max(this.fitted / 4, this.zoom * factor));
    const dx = px - this.pane.width / 2, dy = py - this.pane.height / 2;
    this.isFitted = false;
    this.set({ x: this.x + dx / this.zoom - dx / zoom, y: this.y + dy / this.zoom - dy / zoom, zoom });
    this.keep();
  }

  /** Move the picture by pixels of the screen. */
  pan(dx, dy) {
    this.isFitted = false;
    this.set({ x: this.x - dx / this.zoom, y: this.y - dy / this.zoom });
    this.keep();
  }

  // The centre of the pane stays on the picture, so that it cannot be lost.
  keep() {
    const x = Math.min(this.picture.width, Math.max(0, this.x));
    const y = Math.min(this.picture.height, Math.max(0, this.y));
    if (x !== this.x || y !== this.y) this.set({ x, y });
  }

  /** Widen the window to the right, lower its centre downwards, as viewers do. */
  adjust(dx, dy) {
    const window = Math.min(512, Math.max(2, this.window + dx));
    this.set({ window, level: Math.min(384, Math.max(-128, this.level + dy)) });
  }

  /** One pixel of the picture on one of the screen, of which a CSS pixel may have several. */
  actual() {
    this.zoomAt(1 / (this.zoom * devicePixelRatio));
  }

  /** Bring a box to the middle, three times its size around it. */
  focus(box) {
    const room = 3 * Math.max(box.width / this.pane.width, box.height / this.pane.height);
    const zoom = Math.min(8, Math.max(this.fitted, 1 / room));
    this.isFitted = false;
    this.set({ x: box.x + box.width / 2, y: box.y + box.height / 2, zoom, selected: box });
  }

  /** Picture -> pane. */
  place(x, y) {
    return [(x - this.x) * this.zoom + this.pane.width / 2, (y - this.y) * this.zoom + this.pane.height / 2];
  }

  /** Pane -> picture. */
  find(px, py) {
    return [(px - this.pane.width / 2) / this.zoom + this.x, (py - this.pane.height / 2) / this.zoom + this.y];
  }
}
