// The list of radiographs: thumbnail, name, verdict, progress, and what may be done with each.

import { $, h, icon } from "./dom.js";
import { KINDS, percent } from "./words.js";

/** Draw the list anew. Focus stays on the button that had it. */
export function drawList(studies, { select, remove, cancel, retry }) {
  const list = $("#list");
  const focused = document.activeElement?.dataset?.key;
  list.replaceChildren(...studies.all.map((study) => item(study, studies, { select, remove, cancel, retry })));
  list.hidden = !studies.all.length;
  if (focused) $(`[data-key="${focused}"]`, list)?.focus();
}

function item(study, studies, actions) {
  const isBusy = study.abort || study.state === "waiting";
  const button = h("button", {
    type: "button", class: "study", "data-key": `study-${study.id}`, onclick: () => actions.select(study),
    "aria-current": study === studies.selected ? "true" : null,
  }, thumbnail(study), h("span", { class: "lines" }, h("span", { class: "name", title: study.name }, study.name), status(study, studies)));
  const [label, act] = isBusy ? ["Cancel", actions.cancel] : ["Remove", actions.remove];
  return h("li", {}, button,
    study.state === "cancelled" || study.errors.size ? small(study, "Try again", "reset", actions.retry) : null,
    small(study, label, "close", act));
}

function small(study, label, symbol, act) {
  return h("button", {
    type: "button", class: "icon small", "data-key": `${symbol}-${study.id}`, title: label,
    "aria-label": `${label}: ${study.name}`, onclick: () => act(study),
  }, icon(symbol));
}

function thumbnail(study) {
  const image = h("span", { class: "thumbnail", "aria-hidden": "true" });
  if (study.thumbnail) image.append(h("img", { src: study.thumbnail, alt: "" }));
  return image;
}

function status(study, studies) {
  const [model] = studies.wanted;
  const finding = study.answers.get(model);
  if (finding) return verdict(finding);
  if (study.errors.has(model)) return h("span", { class: "failed" }, "Not read");
  if (study.state === "cancelled") return h("span", {}, "Cancelled");
  return h("span", { class: "progress" }, progressWords(study), bar(study));
}

export function progressWords(study) {
  switch (study.state) {
    case "sending": return `Sending ${percent(study.share)}`;
    case "thinking": return "Looking at it";
    case "busy": return `Server is busy, again in ${study.share || 1} s`;
    default: return "Waiting";
  }
}

/** How far a study is; indeterminate while the model works. */
export function bar(study) {
  const value = study.state === "sending" ? study.share : study.state === "waiting" ? 0 : null;
  return h("progress", { max: 1, value, "aria-label": `Progress of ${study.name}` });
}

function verdict(finding) {
  const { title, mark } = KINDS[finding.verdict];
  const chance = finding.probability === null ? "" : ` ${percent(finding.probability)}`;
  return h("span", { class: "verdict", "data-verdict": finding.verdict }, h("i", { class: `swatch ${mark}` }), title, h("span", { class: "chance" }, chance));
}
