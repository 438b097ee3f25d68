// What the page says about a finding, a model and a failure.

export const HEADINGS = {
  fracture: "Fracture",
  doubt: "Doubt",
  "no fracture": "No fracture",
};

/** Two digits that never say certain. */
function share(probability) {
  if (probability >= 0.995) return "above 0.99";
  return probability < 0.005 ? "below 0.01" : probability.toFixed(2);
}

/** One sentence below the heading. */
export function meaning({ verdict, probability }, thresholds) {
  const told = `Probability of a fracture ${share(probability)}.`;
  const [sure, doubt] = [thresholds.sure, thresholds.doubt].map((each) => each.toFixed(2));
  if (verdict === "fracture") return `${told} This model says “fracture” from ${sure}.`;
  if (verdict === "doubt") {
    return `${told} This model is in doubt from ${doubt} and sure from ${sure}.`;
  }
  return `${told} This model is in doubt from ${doubt}. It can miss fractures.`;
}

/** How many lesions, for a heading or a screen reader. */
export function outlined({ boxes, verdict }) {
  if (verdict === "no fracture") return "Nothing is outlined.";
  if (!boxes.length) return "No lesion stands out enough to be outlined.";
  return boxes.length === 1 ? "1 lesion is outlined." : `${boxes.length} lesions are outlined.`;
}

/** All of it in one breath. */
export const spoken = (finding) =>
  `${HEADINGS[finding.verdict]}. Probability ${share(finding.probability)}. ${outlined(finding)}`;

/** One lesion of the list. */
export const lesion = ({ score, width, height }) => ({
  score: score.toFixed(2),
  size: `${width} × ${height} pixels`,
});

/** A model in a few words. */
export function brief(card) {
  const { auc } = tested(card);
  return typeof auc?.value === "number" ? `${card.name}, AUC ${auc.value.toFixed(2)}` : card.name;
}

/** Term -> text about a model, out of its card. */
export function about(card) {
  const scores = tested(card);
  const rows = {
    Name: card.name,
    Sees: `${card.image_size} × ${card.image_size} pixels`,
    "Trained on": card.data?.name || "not told",
    "AUC on its test data": interval(scores.auc),
    "Dice on its test data": interval(scores.dice),
    Made: card.created || "not told",
  };
  return Object.entries(rows).filter(([, text]) => text);
}

const tested = (card) => card.scores?.test ?? card.scores?.[card.data?.test] ?? {};

function interval(score) {
  if (typeof score?.value !== "number") return "";
  const [value, low, high] = [score.value, score.low, score.high].map((each) => each.toFixed(2));
  return `${value} (95 % interval ${low} to ${high})`;
}
