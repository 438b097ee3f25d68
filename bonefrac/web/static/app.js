// The page: holds the parts together.

import { ApiError } from "./api.js";
import { $, $$, h } from "./dom.js";
import { listen } from "./gestures.js";
import { intake } from "./intake.js";
import { listenKeys } from "./keys.js";
import { bar, drawList, progressWords } from "./list.js";
import { cards as askCards, login } from "./login.js";
import { boxAt } from "./marks.js";
import { Pane, ready } from "./pane.js";
import { report } from "./report.js";
import { save } from "./save.js";
import { Studies } from "./studies.js";
import { theme } from "./theme.js";
import { tools } from "./tools.js";
import { View } from "./view.js";
import { announcement } from "./words.js";

const view = new View();
const studies = new Studies();
const panes = [];
let cards = new Map();
let shown = ""; // which answers are on the screen
let toolbar;

const chosen = () => [$("#model").value, $("#second").value].filter(Boolean);

function select(study) {
  studies.selected = study;
  refresh();
  studies.next();
}

function step(by) {
  const place = studies.all.indexOf(studies.selected);
  const next = studies.all[place + by];
  if (next) select(next);
}

function remove(study) {
  const place = studies.all.indexOf(study);
  if (study === studies.selected) studies.selected = studies.all[place + 1] ?? studies.all[place - 1];
  studies.remove(study);
}

const listActions = {
  select, remove, cancel: (study) => studies.cancel(study), retry: (study) => studies.retry(study),
};

function refresh() {
  drawList(studies, listActions);
  const study = studies.selected;
  document.body.classList.toggle("has-studies", studies.all.length > 0);
  $("#empty").hidden = Boolean(study);
  showMessage(study);
  showAnswers(study);
}

function showMessage(study) {
  const [model] = studies.wanted;
  const error = study?.errors.get(model);
  const isWaiting = study && !error && !study.answers.has(model);
  const message = $("#message");
  message.hidden = !error && !isWaiting;
  message.classList.toggle("failed", Boolean(error));
  if (error) {
    message.replaceChildren(h("p", { class: "headline" }, "This file could not be read"), h("p", {}, error));
  } else if (isWaiting) {
    const isCancelled = study.state === "cancelled";
    message.replaceChildren(study.preview() ?? "", h("p", { class: "headline" }, study.name), h("p", {}, isCancelled ? "Cancelled" : progressWords(study)),
      isCancelled ? "" : bar(study));
  }
}

async function showAnswers(study) {
  const models = study ? studies.wanted.filter((model) => study.answers.has(model)) : [];
  const isReady = models.includes(studies.wanted[0]);
  const key = isReady ? [study.id, models, study.errors.size].join(" ") : "";
  if (key === shown) return;
  shown = key;
  if (!isReady || view.study !== study) clear();
  if (!isReady) return;
  const answers = models.map((model) => study.answers.get(model));
  const picture = await pictureOf(study);
  const layers = await Promise.all(answers.map((answer) => ready(answer, picture)));
  if (key !== shown) return; // another study was chosen meanwhile
  $("#panes").hidden = false;
  placePanes(layers.length);
  if (view.study !== study) {
    view.study = study;
    view.show(picture);
  }
  layers.forEach((layer, k) => panes[k].show(layer, { name: study.name, model: layers.length > 1 ? layer.finding.model : "" }));
  showReport(study, models, answers);
  $("#live").textContent = `${study.name}: ${answers.map(announcement).join(" ")}`;
}

// Nothing of one radiograph may stand on the screen while the next is made ready.
function clear() {
  view.study = null;
  $("#panes").hidden = true;
  for (const pane of panes) pane.show(null, { name: "", model: "" });
  $("#report").replaceChildren();
}

// Decoded once a study, kept for the one that is shown: twenty large radiographs would fill a phone.
async function pictureOf(study) {
  if (pictureOf.study !== study) {
    const { picture } = await ready({ layers: { picture: study.pictureUri }, boxes: [] });
    Object.assign(pictureOf, { study, picture });
  }
  return pictureOf.picture;
}

function placePanes(count) {
  while (panes.length > count) panes.pop().remove();
  while (panes.length < count) {
    const pane = new Pane(view);
    listen(pane.canvas, view, { tool: () => toolbar.tool(), click: (x, y) => choose(pane, x, y) });
    panes.push(pane);
    $("#panes").append(pane.element);
  }
  $("#panes").classList.toggle("two", count > 1);
}

function choose(pane, x, y) {
  const { finding } = pane.shown ?? {};
  const box = finding && view.outlines ? boxAt(view, finding, x, y) : null;
  if (box) view.focus(box);
}

function nextRegion(by) {
  const boxes = panes[0]?.shown?.finding.boxes ?? [];
  if (!boxes.length) return;
  const now = boxes.indexOf(view.selected);
  const index = now < 0 ? (by > 0 ? 0 : boxes.length - 1) : (now + by + boxes.length) % boxes.length;
  view.focus(boxes[index]);
  $("#live").textContent = `Region ${index + 1} of ${boxes.length}, score ${boxes[index].score.toFixed(2)}`;
}

function showReport(study, models, answers) {
  const parts = answers.map((finding, k) => report(study, finding, cards.get(models[k]), {
    focus: (box) => view.focus(box),
    save: (kind, button) => saveFile(study, finding, { kind, model: models[k], button }),
  }, { isSecond: answers.length > 1 ? k > 0 : null }));
  const errors = studies.wanted.slice(1).map((model) => study.errors.get(model)).filter(Boolean);
  $("#report").replaceChildren(...parts, ...errors.map((error) => h("p", { class: "error" }, error)));
}

async function saveFile(study, finding, { kind, model, button }) {
  const told = $(".error", button.closest(".downloads"));
  told.textContent = "";
  button.disabled = true;
  try {
    await save(study, finding, { kind, model });
  } catch (error) {
    if (error instanceof ApiError) told.textContent = error.message;
    else throw error;
  } finally {
    button.disabled = false;
  }
}

async function takeFiles(files) {
  const made = await studies.add(files);
  if (made.length && !studies.selected) select(made[0]);
}

function chooseModels() {
  const second = $("#second");
  for (const option of second.options) option.disabled = option.value !== "" && option.value === $("#model").value;
  if (second.selectedOptions[0]?.disabled) second.value = "";
  studies.want(chosen());
}

function offer(list) {
  cards = new Map(list.map((card) => [card.name, card]));
  $("#model").replaceChildren(...list.map((card) => h("option", { value: card.name }, card.name)));
  $("#second").append(...list.map((card) => h("option", { value: card.name }, card.name)));
  $("#beside").hidden = list.length < 2;
  chooseModels();
}

function wireKeys() {
  const flip = theme();
  $("#theme").addEventListener("click", flip);
  const help = () => $("#keys").showModal();
  $("#help").addEventListener("click", help);
  listenKeys({
    w: () => toolbar.choose("window"), p: () => toolbar.choose("pan"), z: () => toolbar.choose("zoom"),
    "+": toolbar.in, "=": toolbar.in, "-": toolbar.out, f: toolbar.fit, a: toolbar.actual, r: toolbar.reset,
    i: () => toolbar.toggle("invert"), l: () => toolbar.toggle("outlines"), h: () => toolbar.toggle("heat"),
    "[": () => toolbar.strengthen(-0.1), "]": () => toolbar.strengthen(0.1),
    n: () => nextRegion(1), "shift+n": () => nextRegion(-1), j: () => step(1), k: () => step(-1),
    o: () => $("#files").click(), t: flip, "?": help,
  }, { move: (dx, dy) => view.pan(dx, dy), adjust: (dx, dy) => view.adjust(dx, dy) });
}

async function start() {
  toolbar = tools(view);
  wireKeys();
  $("#where").textContent = `They go to ${location.host} and are not stored there.`;
  studies.addEventListener("change", refresh);
  studies.onTokenNeeded = async () => { await login(); studies.resume(); };
  view.addEventListener("change", () => {
    const boxes = panes.flatMap((pane) => pane.shown?.finding.boxes ?? []); // in the order of the rows
    $$("[data-region]").forEach((row, k) => row.setAttribute("aria-pressed", String(boxes[k] === view.selected)));
  });
  for (const id of ["#model", "#second"]) $(id).addEventListener("change", chooseModels);
  intake(takeFiles);
  refresh();
  try {
    offer(await askCards());
  } catch (error) {
    $("#where").textContent = error.message;
    $("#where").classList.add("error");
  }
}

start();
