// The radiographs that were given, and what the models answered; asks the server for what is missing.

import { ApiError, Cancelled, predict } from "./api.js";
import { h } from "./dom.js";
import { load, Picture } from "./picture.js";

const AT_ONCE = 2; // requests; more would only wait in the server
const THUMBNAIL = 96; // pixels

let counter = 0;

class Study {
  constructor(file, isDicom) {
    Object.assign(this, { id: ++counter, file, isDicom, name: file.name || "pasted picture" });
    Object.assign(this, { answers: new Map(), errors: new Map(), state: "waiting", share: 0, thumbnail: null });
  }

  /** The file as the browser itself shows it while the server works; null for DICOM and TIFF. */
  preview() {
    const isShown = ["image/png", "image/jpeg"].includes(this.file.type);
    if (isShown) this.image ??= h("img", { class: "preview", alt: "", src: URL.createObjectURL(this.file) });
    return this.image ?? null;
  }

  /** Give the memory of the preview back. */
  forget() {
    if (this.image) URL.revokeObjectURL(this.image.src);
    this.image = undefined;
  }

  get stem() {
    return this.name.replace(/\.(dcm|dicom|png|jpe?g|tiff?)$/i, "");
  }
}

export class Studies extends EventTarget {
  constructor() {
    super();
    this.all = [];
    this.wanted = []; // names of models, the first is the one that the list shows
    this.running = 0;
    this.onTokenNeeded = () => {};
  }

  /** Take files; answers the studies they became. */
  async add(files) {
    const made = await Promise.all(files.map(async (file) => new Study(file, await isDicom(file))));
    this.all.push(...made);
    this.changed();
    this.next();
    return made;
  }

  want(models) {
    this.wanted = models.filter(Boolean);
    this.changed();
    this.next();
  }

  remove(study) {
    study.abort?.abort();
    study.forget();
    this.all = this.all.filter((each) => each !== study);
    this.changed();
  }

  cancel(study) {
    study.abort?.abort();
    study.state = "cancelled";
    this.changed(study);
  }

  retry(study) {
    study.errors.clear();
    study.state = "waiting";
    this.changed(study);
    this.next();
  }

  changed(study = null) {
    this.dispatchEvent(new CustomEvent("change", { detail: study }));
  }

  // The selected study first, then in the order they came.
  next() {
    while (this.running < AT_ONCE) {
      const order = [...this.all].sort((a, b) => (b === this.selected) - (a === this.selected));
      const study = order.find((each) => !each.abort && each.state !== "cancelled" && this.missing(each));
      if (!study) return;
      this.ask(study, this.missing(study));
    }
  }

  missing(study) {
    if (this.isPaused) return undefined;
    return this.wanted.find((model) => !study.answers.has(model) && !study.errors.has(model));
  }

  async ask(study, model) {
    study.abort = new AbortController();
    this.running++;
    const progress = (state, share = 0) => {
      Object.assign(study, { state, share });
      this.changed(study);
    };
    try {
      const include = study.answers.size ? "mask,heatmap" : "picture,mask,heatmap";
      const answer = await predict(study.file, { model, include, progress, signal: study.abort.signal });
      await this.keep(study, model, answer);
    } catch (error) {
      this.failed(study, model, error);
    }
    study.abort = null;
    this.running--;
    if (study.state !== "cancelled") study.state = this.missing(study) ? "waiting" : "done";
    this.changed(study);
    this.next();
  }

  async keep(study, model, answer) {
    study.answers.set(model, answer);
    study.forget();
    study.pictureUri ??= answer.layers.picture;
    study.thumbnail ??= new Picture(await load(study.pictureUri)).thumbnail(THUMBNAIL).toDataURL();
  }

  failed(study, model, error) {
    if (error instanceof Cancelled) {
      study.state = "cancelled";
    } else if (error instanceof ApiError && error.status === 401) {
      this.isPaused = true;
      this.onTokenNeeded();
    } else {
      const told = error instanceof ApiError ? error.message : "The answer could not be shown. Try again.";
      study.errors.set(model, told);
    }
  }

  /** Go on after a token was given. */
  resume() {
    this.isPaused = false;
    this.next();
  }
}

// DICOM files often have no suffix: they say so after 128 bytes.
async function isDicom(file) {
  try {
    const head = await file.slice(128, 132).text();
    return head === "DICM" || /\.(dcm|dicom)$/i.test(file.name);
  } catch {
    return false; // a folder, or a file that is gone: sending it will tell
  }
}
