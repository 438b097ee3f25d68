// The page: files, paste and camera in, the finding out; what is shown in which state.

import { Camera } from "./camera.js";
import { ramp } from "./inferno.js";
import * as models from "./models.js";
import { Oracle, variant } from "./oracle.js";
import { showFinding, showModel } from "./panel.js";
import { maskPicture, record, save } from "./saving.js";
import { Viewer } from "./viewer.js";
import { spoken } from "./words.js";

const byId = (id) => document.getElementById(id);
const viewer = new Viewer(
  Object.fromEntries(["sheet", "film", "video", "heat", "drawing"].map((id) => [id, byId(id)])),
);
const QUIET_MS = 2000; // between two announcements of a live verdict

let oracle, card, finding, camera;
let name = "picture";
let turn = 0; // a newer wish makes the answers to older ones stale

/** Show what belongs to a state: loading, empty, busy, picture, live, error. */
function enter(state, { lead = "", hint = "", error = "" } = {}) {
  document.body.dataset.state = state;
  const { activeElement: focused } = document;
  const isOpen = state === "picture" || state === "live";
  byId("invitation").hidden = isOpen;
  byId("lead").textContent = lead;
  byId("hint").textContent = hint;
  byId("error").textContent = error;
  for (const id of ["finding", "actions", "layers"]) byId(id).hidden = !isOpen;
  byId("savings").hidden = state !== "picture";
  for (const id of ["freeze", "caution", "rate"]) byId(id).hidden = state !== "live";
  for (const id of ["again", "look-again"]) byId(id).hidden = state === "live";
  for (const id of ["choose", "look"]) byId(id).hidden = !card;
  byId("choose-model-first").hidden = Boolean(card) || state === "loading";
  if (!isOpen) viewer.close();
  keepFocus(focused, state);
}

/** A button that has just gone takes the keyboard's place with it: give it another. */
function keepFocus(focused, state) {
  if (focused === document.body || (focused.checkVisibility?.() ?? true)) return;
  byId({ live: "freeze", picture: "again" }[state] ?? "choose").focus();
}

const empty = () =>
  card
    ? enter("empty", { lead: "Drop an X-ray here", hint: "of a limb, PNG or JPEG, or paste it" })
    : enter("empty", { lead: "No model yet", hint: "Drop a .tflite of bonefrac-export here." });

const fail = (error) => enter("error", { lead: "That did not work", error: error.message });

/** Run what the user asked for; its failure is shown, unless something newer was asked for. */
async function ask(work) {
  const mine = ++turn;
  closeCamera();
  try {
    await work(() => mine === turn);
  } catch (error) {
    if (mine !== turn) return;
    closeCamera();
    fail(error);
  }
}

const look = (file) =>
  ask(async (isWanted) => {
    enter("busy", { lead: "Looking" });
    await ready;
    if (!card) return empty();
    const told = await oracle.file(file);
    if (isWanted()) await present(told, file.name);
  });

async function present(told, source) {
  [finding, name] = [told, source];
  enter("picture");
  await viewer.showGray(told.gray, told.width, told.height);
  tell(told);
  byId("status").textContent = spoken(told);
}

function tell(told) {
  viewer.draw(told);
  showFinding(told, card);
  byId("drawing").setAttribute("aria-label", `X-ray. ${spoken(told)}`);
}

const live = () =>
  ask(async (isWanted) => {
    await ready;
    viewer.showVideo();
    enter("live");
    byId("finding").hidden = true;
    const opened = await Camera.open(byId("video"));
    if (!isWanted()) return opened.close();
    camera = opened;
    const [hear, count] = [announcer(), counter()];
    while (isWanted()) {
      await opened.next();
      if (!isWanted()) return;
      const told = await oracle.frame(opened.frame({ isLive: true }));
      if (!isWanted()) return;
      tell(told);
      byId("finding").hidden = false;
      hear(told);
      const took = Math.round(told.elapsed_ms);
      byId("rate").textContent = `${count()} frames a second, ${took} ms each`;
    }
  });

/** Frames a second, as a running mean. */
function counter() {
  let [before, mean] = [performance.now(), 0];
  return () => {
    const now = performance.now();
    mean = mean ? 0.9 * mean + 0.1 * (now - before) : now - before;
    before = now;
    const rate = 1000 / mean;
    return rate.toFixed(rate < 10 ? 1 : 0);
  };
}

/** Tells a screen reader of a new verdict, and not of every frame. */
function announcer() {
  let [last, at] = ["", -Infinity];
  return (told) => {
    if (told.verdict === last || performance.now() - at < QUIET_MS) return;
    [last, at] = [told.verdict, performance.now()];
    byId("status").textContent = spoken(told);
  };
}

async function freeze() {
  const frame = camera?.frame({ isLive: false });
  if (!frame) return;
  await ask(async (isWanted) => {
    const told = await oracle.frame(frame, { wantsGray: true });
    if (isWanted()) await present(told, "camera");
  });
}

function closeCamera() {
  camera?.close();
  camera = undefined;
}

const close = () => ask(async () => empty());

async function take(bytes, { isChosen }) {
  ({ card } = await oracle.model(bytes));
  showModel(card, { isChosen });
}

const chooseModel = (file) =>
  ask(async () => {
    enter("busy", { lead: "Loading the model" });
    await ready;
    const bytes = new Uint8Array(await file.arrayBuffer());
    await take(bytes, { isChosen: true });
    await models.remember(bytes);
    empty();
  });

const ownModel = () =>
  ask(async () => {
    enter("busy", { lead: "Loading the model" });
    await models.forget();
    const bytes = await models.own();
    if (bytes) await take(bytes, { isChosen: false });
    else [card] = [];
    byId("own-model").hidden = true;
    empty();
  });

async function start() {
  const wasm = await variant();
  const [opened, bytes] = await Promise.all([Oracle.open(wasm), models.remembered()]);
  oracle = opened;
  if (bytes) await take(bytes, { isChosen: await models.isChosen() });
  const threads = wasm.threads ? `${navigator.hardwareConcurrency} threads` : "1 thread";
  byId("runtime").textContent = `Runs here with LiteRT, WebAssembly, ${threads}.`;
  keepOffline(wasm.name).catch(() => {}); // without https there is no service worker
}

async function keepOffline(wasm) {
  await navigator.serviceWorker.register(`service-worker.js?wasm=${wasm}`);
  await navigator.serviceWorker.ready;
  byId("runtime").append(" Works without a network now.");
}

/** A file that was dropped, pasted or chosen. */
function receive(file) {
  if (!file) return;
  if (file.name.endsWith(".tflite")) chooseModel(file);
  else look(file);
}

function listen() {
  const on = (id, work, event = "click") => byId(id).addEventListener(event, work);
  for (const id of ["choose", "again"]) on(id, () => byId("picture").click());
  for (const id of ["choose-model", "choose-model-first"]) on(id, () => byId("model").click());
  for (const id of ["picture", "model"]) {
    on(id, ({ target }) => (receive(target.files[0]), (target.value = "")), "change");
  }
  for (const id of ["look", "look-again"]) on(id, live);
  on("freeze", freeze);
  on("close", close);
  on("own-model", ownModel);
  on("save-mask", async () => save(await maskPicture(finding), `${stem()}.mask.png`));
  on("save-json", () => save(record(finding, { image: name, card }), `${stem()}.json`));
  for (const id of ["show-outline", "show-heat", "opacity"]) on(id, layers, "input");
  document.addEventListener("paste", (event) => receive(event.clipboardData?.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    receive(event.dataTransfer?.files[0]);
  });
}

const stem = () => name.replace(/\.[^.]*$/, "");

function layers() {
  const heat = byId("show-heat").checked;
  byId("legend").hidden = !heat;
  byId("opacity").disabled = !heat;
  const opacity = byId("opacity").value / 100;
  viewer.setLayers({ outline: byId("show-outline").checked, heat, opacity });
}

enter("loading", { lead: "Loading the model" });
ramp(byId("ramp"));
layers();
listen();
const ready = start();
ready.then(() => document.body.dataset.state === "loading" && empty(), fail);
