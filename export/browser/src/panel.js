// The words beside the picture: verdict, scale, lesions, model.

import { about, brief, HEADINGS, lesion, meaning, outlined } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Tell a finding. */
export function showFinding(finding, card) {
  const { thresholds } = card;
  byId("finding").dataset.verdict = finding.verdict;
  byId("heading").textContent = HEADINGS[finding.verdict];
  byId("meaning").textContent = meaning(finding, thresholds);
  byId("outlined").textContent = outlined(finding);
  byId("scale").setAttribute("aria-label", scaleInWords(finding, thresholds));
  const percent = (value) => `${100 * value}%`;
  Object.assign(byId("zone-doubt").style, {
    left: percent(thresholds.doubt),
    right: percent(1 - thresholds.sure),
  });
  byId("zone-sure").style.left = percent(thresholds.sure);
  byId("mark").style.left = percent(finding.probability);
  byId("lesions").replaceChildren(...finding.boxes.map(lesionItem));
}

function scaleInWords({ probability }, { doubt, sure }) {
  const [p, d, s] = [probability, doubt, sure].map((value) => value.toFixed(2));
  return `Probability ${p} on a scale from 0 to 1; doubt from ${d}, fracture from ${s}`;
}

function lesionItem(box) {
  const { score, size } = lesion(box);
  const item = document.createElement("li");
  const told = document.createElement("span");
  told.textContent = `Score ${score}`;
  item.append(told, ` ${size}`);
  return item;
}

/** Tell about the model that answers. */
export function showModel(card, { isChosen }) {
  byId("model-name").textContent = brief(card);
  byId("about").replaceChildren(
    ...about(card).flatMap(([term, text]) =>
      [["dt", term], ["dd", text]].map(([name, words]) => {
        const node = document.createElement(name);
        node.textContent = words;
        return node;
      }),
    ),
  );
  byId("own-model").hidden = !isChosen;
}
