// Every key that the page knows, and the dialog that lists them.

import { $, h } from "./dom.js";

const STORED = "bonefrac-keys";

export const KEYS = {
  Viewer: [
    [["W"], "Drag changes window and level"], [["P"], "Drag moves"], [["Z"], "Drag zooms"],
    [["+", "-"], "Zoom in, out"], [["F"], "Fit"], [["A"], "Actual size, 1:1"], [["I"], "Invert"],
    [["R"], "Reset"], [["Arrows"], "Move (on the picture)"], [["Shift", "Arrows"], "Window: left, right. Level: up, down"],
  ],
  Findings: [
    [["L"], "Outlines on, off"], [["H"], "Heat map on, off"], [["[", "]"], "Heat map weaker, stronger"],
    [["N"], "Next region"], [["Shift", "N"], "Region before"],
  ],
  Radiographs: [
    [["O"], "Choose files"], [["J"], "Next radiograph"], [["K"], "Radiograph before"], [["T"], "Dark or light"], [["?"], "These keys"],
  ],
  "Mouse and fingers": [
    [["Left drag"], "The chosen tool"], [["Middle drag"], "Move"], [["Right drag"], "Zoom"], [["Wheel"], "Zoom"],
    [["Double click"], "Fit"], [["Click a box"], "Zoom to the region"], [["Two fingers"], "Move and zoom"],
  ],
};

/** Listen for keys. `acts` maps a key, lower case, with "shift+" in front, to what it does. */
export function listenKeys(acts, { move, adjust }) {
  const isOn = $("#keys-on");
  isOn.checked = localStorage.getItem(STORED) !== "off";
  isOn.addEventListener("change", () => localStorage.setItem(STORED, isOn.checked ? "on" : "off"));
  $("#keys-list").append(...Object.entries(KEYS).map(([title, rows]) => section(title, rows)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || $("dialog[open]")) return;
    const onPicture = event.target.tagName === "CANVAS";
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (onPicture && arrow) {
      event.preventDefault();
      return event.shiftKey ? adjust(8 * arrow[0], 8 * arrow[1]) : move(-40 * arrow[0], -40 * arrow[1]);
    }
    // A single key may be somebody's dictation or a slip: it can be turned off, but not on the picture.
    if (!isOn.checked && !onPicture) return;
    const act = acts[event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) ? `shift+${event.key.toLowerCase()}` : event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function isTyping(element) {
  return element.matches?.("input:not([type=range], [type=checkbox]), select, textarea");
}

function section(title, rows) {
  const list = rows.map(([keys, what]) => [
    h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, what),
  ]);
  return h("section", {}, h("h3", {}, title), h("dl", {}, list));
}
