// What the page says of a finding, in words; nothing here touches the page.

export const KINDS = {
  fracture: { title: "Fracture", mark: "solid" },
  doubt: { title: "Doubt", mark: "dashed" },
  "no fracture": { title: "No fracture", mark: "none" },
  "not assessable": { title: "Not assessable", mark: "none" },
};

const PROVENANCE = {
  calibrated: "in the patient, calibrated",
  magnification: "in the patient, by an estimated magnification",
  detector: "on the detector; the patient is smaller by an unknown factor",
  "scanned film": "on the scanned film, not in the patient",
  unstated: "as the file says, which does not tell of what",
};
const BAR = { calibrated: "", magnification: " (estimated)", detector: " on the detector", "scanned film": " on the film", unstated: ", uncalibrated" };

/** A share as a doctor reads it: "43 %". */
export function percent(share) {
  if (share > 0 && share < 0.01) return "under 1 %";
  if (share < 1 && share > 0.99) return "over 99 %";
  return `${Math.round(100 * share)} %`;
}

/** What the verdict means, in one sentence. */
export function verdictSentence(finding) {
  const count = finding.boxes.length;
  const regions = count === 1 ? "1 region is marked" : `${count} regions are marked`;
  switch (finding.verdict) {
    case "fracture":
      return count ? `The model takes this for a fracture; ${regions}.`
        : "The model takes this for a fracture, and cannot say where.";
    case "doubt":
      return count ? `The model is in doubt; ${regions}.` : "The model is in doubt, and marks no region.";
    case "no fracture":
      return "The model finds none. It misses some: this does not rule a fracture out.";
    default:
      return `${finding.reason} No model was asked.`;
  }
}

/** A card's scores on "validation" or "test": under that word, or under the split that it was. */
export function scoresOn(part, card) {
  return card?.scores?.[part] ?? card?.scores?.[card?.data?.[part]];
}

/** What the probability means, for the model's card. */
export function probabilitySentence(probability, card) {
  const data = card?.data ?? {};
  const scores = scoresOn("validation", card);
  const where = data.name ? ` on ${data.name}${data.validation ? ` (${data.validation})` : ""}` : "";
  const rate = scores?.images ? `, where ${percent(scores.fractured / scores.images)} of the pictures were fractured` : "";
  const share = Math.round(100 * probability);
  const many = share < 1 ? "fewer than 1" : share > 99 ? "more than 99" : `about ${share}`;
  return `If the calibration holds here, ${many} of 100 pictures with this answer are fractured. `
    + `It was fitted${where || " on the model's validation data"}${rate}; elsewhere it can be off.`;
}

/** How well the model tells fractured pictures apart, or "" where the card has no test. */
export function testSentence(card) {
  const test = scoresOn("test", card);
  if (!test?.auc) return "";
  const { value, low, high } = test.auc;
  const interval = low === undefined ? "" : ` (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `On ${test.images} test pictures of ${card.data.name}, its AUC is ${value.toFixed(2)}${interval}; `
    + "0.5 is chance, 1 is perfect.";
}

/** "41 × 18 px", and in millimetres where the finding tells the patient's size. */
export function sizes(box) {
  const told = [`${box.width} × ${box.height} px`];
  if (box.width_mm !== undefined) told.push(`${mm(box.width_mm)} × ${mm(box.height_mm)} mm`);
  if (box.length_mm !== undefined) told.push(`longest ${mm(box.length_mm)} mm`);
  return told;
}

function mm(value) {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

/** Where the millimetres come from. */
export function spacingSentence(spacing) {
  if (!spacing) return "The file does not tell how large a pixel is, so no sizes in mm.";
  const { row_mm: row, column_mm: column, provenance } = spacing;
  const each = row === column ? trim(row) : `${trim(column)} × ${trim(row)}`;
  return `${each} mm a pixel, ${PROVENANCE[provenance] ?? provenance}.`;
}

function trim(value) {
  return String(Number(value.toPrecision(3)));
}

/** The round length of a scale bar that is at most `most` screen pixels, and its label. */
export function scaleBar(spacing, zoom, most) {
  if (!spacing) return null;
  const longest = (most / zoom) * spacing.column_mm;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = [5, 2, 1].map((step) => step * power).find((each) => each <= longest) ?? power;
  const label = length >= 1 ? String(length) : String(Number(length.toPrecision(1)));
  return { pixels: (length / spacing.column_mm) * zoom, label: `${label} mm${BAR[spacing.provenance] ?? ""}` };
}

/** What a screen reader says of the picture. */
export function alternative(name, finding) {
  const where = finding.boxes.map((box, k) => `region ${k + 1}: ${box.width} by ${box.height} pixels at ${box.x}, ${box.y}, score ${box.score.toFixed(2)}`);
  const size = `${finding.width} by ${finding.height} pixels`;
  return [`Radiograph ${name}, ${size}`, announcement(finding), ...where].join("; ");
}

/** The verdict as it is announced. */
export function announcement(finding) {
  const chance = finding.probability === null ? "" : `, probability ${percent(finding.probability)}`;
  return `${KINDS[finding.verdict].title}${chance}. ${verdictSentence(finding)}`;
}
