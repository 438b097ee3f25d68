// The panel beside the viewer: verdict, probability, regions, downloads, the picture and the model.

import { h } from "./dom.js";
import {
  KINDS, percent, probabilitySentence, scoresOn, sizes, spacingSentence, testSentence, verdictSentence,
} from "./words.js";

/** The result of one model on one study. `actions` has focus(box) and save(kind). */
export function report(study, finding, card, actions, { isSecond }) {
  return h("article", { class: "result", "data-verdict": finding.verdict },
    isSecond !== null && h("p", { class: "whose" }, finding.model),
    heading(finding),
    h("p", { class: "sentence" }, verdictSentence(finding)),
    finding.probability === null ? null : chance(finding, card),
    finding.boxes.length ? regions(finding, actions) : null,
    downloads(study, finding, actions),
    isSecond ? null : picture(finding),
    about(card));
}

function heading(finding) {
  const { title, mark } = KINDS[finding.verdict];
  return h("h2", {}, h("i", { class: `swatch ${mark}` }), title,
    finding.probability === null ? null : h("span", { class: "chance" }, percent(finding.probability)));
}

function chance(finding, card) {
  const { sure, doubt } = card.thresholds;
  const words = `Doubt from ${percent(doubt)}, fracture from ${percent(sure)}`;
  const zones = [["none", doubt], ["doubt", sure - doubt], ["fracture", 1 - sure]].map(([name, share]) => {
    const zone = h("span", { class: `zone ${name}` });
    zone.style.flexGrow = share;
    return zone;
  });
  const needle = h("span", { class: "needle" });
  needle.style.left = `${100 * finding.probability}%`;
  return h("div", { class: "probability" },
    h("div", { class: "meter", role: "img", "aria-label": `Probability ${percent(finding.probability)}. ${words}.` }, zones, needle),
    h("p", { class: "thresholds", "aria-hidden": "true" }, words),
    finding.uncertainty === null ? null : h("p", {}, `Several answers differ by ${finding.uncertainty.toFixed(2)} (standard deviation).`),
    h("p", { class: "explained" }, probabilitySentence(finding.probability, card)));
}

function regions(finding, actions) {
  const rows = finding.boxes.map((box, k) => h("li", {},
    h("button", { type: "button", class: "region", "data-region": k, "aria-pressed": "false", onclick: () => actions.focus(box) },
      h("i", { class: `swatch ${KINDS[finding.verdict].mark}` }),
      h("span", { class: "which" }, `Region ${k + 1}`),
      h("span", { class: "score" }, `score ${box.score.toFixed(2)}`),
      h("span", { class: "sizes" }, sizes(box).map((size) => size.replaceAll(" ", "\u00a0")).join(", ")))));
  return h("section", { class: "regions" }, h("h3", {}, "Regions"), h("ol", {}, rows),
    h("p", { class: "note" }, "The score is the mean of the highest tenth of a region's pixel probabilities; it is not calibrated."));
}

function downloads(study, finding, actions) {
  const kinds = [["png", "Overlay PNG"], ["json", "JSON"]];
  if (study.isDicom) kinds.push(["sr", "DICOM SR"]);
  if (study.isDicom && finding.boxes.length) kinds.push(["seg", "DICOM SEG"]);
  const buttons = kinds.map(([kind, name]) => h("button", { type: "button", class: "save", "data-save": kind, onclick: (event) => actions.save(kind, event.currentTarget) }, name));
  return h("section", { class: "downloads" }, h("h3", {}, "Save"), h("div", { class: "row" }, buttons), h("p", { class: "error", role: "alert" }));
}

function picture(finding) {
  return h("section", {}, h("h3", {}, "Picture"),
    h("p", {}, `${finding.width} × ${finding.height} px. ${spacingSentence(finding.spacing)}`),
    finding.notes.map((note) => h("p", { class: "note" }, `${note}.`.replace(/\.\.$/, "."))));
}

function about(card) {
  const rows = [["Preset", card.preset], ["Input", `${card.image_size} × ${card.image_size} px`]];
  if (card.data?.name) rows.push(["Trained on", card.data.name]);
  if (card.created) rows.push(["Made", card.created]);
  const scores = scoresOn("test", card) ?? {};
  return h("details", { class: "about" }, h("summary", {}, `Model ${card.name}`),
    testSentence(card) ? h("p", {}, testSentence(card)) : null,
    table(scores, card.data?.test),
    h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("p", { class: "note" }, card.use ?? "Research use only. Not a medical device."));
}

const SCORES = { auc: "AUC", accuracy: "Accuracy", dice: "Dice", jaccard: "Jaccard" };

function table(scores, part) {
  const rows = Object.entries(SCORES).filter(([key]) => scores[key]).map(([key, name]) => {
    const { value, low, high, baseline } = scores[key];
    return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, number(value)),
      h("td", {}, low === undefined ? "" : `${number(low)} to ${number(high)}`), h("td", {}, number(baseline)));
  });
  if (!rows.length) return null;
  const head = ["Score", "Test", "95 % interval", "Trivial"].map((name) => h("th", { scope: "col" }, name));
  return h("table", {}, h("caption", {}, `${scores.images} pictures (${part}), ${scores.fractured} fractured`),
    h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}

function number(value) {
  return value === undefined || value === null ? "" : value.toFixed(2);
}
