// What is drawn over a radiograph: outlines, boxes with their scores, a scale bar.

import { PEAKS } from "./picture.js";
import { scaleBar } from "./words.js";

const COLOURS = { fracture: "#ffb000", doubt: "#46d7ff" }; // as in every overlay that bonefrac draws
const GAP = 7; // pixels between a lesion and its box
const FONT = "600 12px system-ui, sans-serif";

/** Outlines and boxes of a finding; solid is a fracture, dashed is doubt. */
export function drawMarks(context, view, { finding, path }) {
  const colour = COLOURS[finding.verdict];
  if (!colour) return;
  const [left, top] = view.place(0, 0);
  context.save();
  context.translate(left, top);
  context.scale(view.zoom, view.zoom);
  stroke(context, path, 1.5 / view.zoom, colour);
  context.restore();
  finding.boxes.forEach((box, k) => frame(context, view, { box, k, colour, isDashed: finding.verdict === "doubt" }));
}

// A dark rim under each line: readable on bone and on air.
function stroke(context, path, width, colour) {
  for (const [line, style] of [[width * 2.4, "rgb(0 0 0 / 55%)"], [width, colour]]) {
    context.lineWidth = line;
    context.strokeStyle = style;
    if (path) context.stroke(path);
    else context.stroke();
  }
}

function frame(context, view, { box, k, colour, isDashed }) {
  const [left, top] = view.place(box.x, box.y);
  const width = box.width * view.zoom + 2 * GAP, height = box.height * view.zoom + 2 * GAP;
  const isSeen = left + width > 0 && top + height > 0 && left - GAP < view.pane.width && top - GAP < view.pane.height;
  if (!isSeen) return;
  context.save();
  if (isDashed) context.setLineDash([7, 5]);
  context.beginPath();
  context.rect(Math.round(left - GAP) + 0.5, Math.round(top - GAP) + 0.5, Math.round(width), Math.round(height));
  stroke(context, null, view.selected === box ? 3 : 1.75, colour);
  context.restore();
  label(context, view, { text: `${k + 1}  ${box.score.toFixed(2)}`, left: left - GAP, top: top - GAP, height, colour });
}

function label(context, view, { text, left, top, height, colour }) {
  context.font = FONT;
  const width = context.measureText(text).width + 10;
  const y = top - 22 >= 0 ? top - 22 : Math.min(top + height + 4, view.pane.height - 20);
  const x = Math.max(2, Math.min(left, view.pane.width - width - 2));
  context.fillStyle = "rgb(0 0 0 / 72%)";
  context.fillRect(x, y, width, 18);
  context.fillStyle = colour;
  context.textBaseline = "middle";
  context.fillText(text, x + 5, y + 9.5);
}

/** A bar of a round length, where the file tells how large a pixel is. */
export function drawScale(context, view, spacing) {
  const bar = scaleBar(spacing, view.zoom, Math.min(160, view.pane.width / 3));
  if (!bar) return;
  const right = view.pane.width - 16, y = view.pane.height - 16;
  context.beginPath();
  context.moveTo(right - bar.pixels, y - 6);
  context.lineTo(right - bar.pixels, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 6);
  stroke(context, null, 1.5, "#e8edf2");
  words(context, bar.label, right, y - 9);
}

function words(context, text, right, y) {
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 80%)";
  context.strokeText(text, right, y);
  context.fillStyle = "#e8edf2";
  context.fillText(text, right, y);
  context.textAlign = "left";
}

/** What the colours of the heat map are of. */
export function drawLegend(context, view) {
  const [left, top, width, height] = [view.pane.width - 114, 32, 98, 8];
  const ramp = context.createLinearGradient(left, 0, left + width, 0);
  PEAKS.forEach((colour, k) => ramp.addColorStop(k / (PEAKS.length - 1), `rgb(${colour.join(" ")})`));
  context.fillStyle = ramp;
  context.fillRect(left, top, width, height);
  context.lineWidth = 1;
  context.strokeStyle = "rgb(232 237 242 / 55%)";
  context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
  words(context, "Pixel probability", left + width, top - 4);
  words(context, "0", left + 8, top + height + 16);
  words(context, "1", left + width, top + height + 16);
}

/** The box under a point of the pane. */
export function boxAt(view, finding, px, py) {
  return finding.boxes.find((box) => {
    const [left, top] = view.place(box.x, box.y);
    const [right, bottom] = view.place(box.x + box.width, box.y + box.height);
    return px >= left - GAP && px <= right + GAP && py >= top - GAP && py <= bottom + GAP;
  });
}
