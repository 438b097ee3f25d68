// The colour map inferno: perceptually uniform, told apart in every common colour blindness.

// Nine colours of matplotlib's table (CC0), evenly spaced.
const STOPS = [
  [0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85],
  [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164],
];

/** A value in 0..1 -> RGBA bytes; the lower, the less it hides. */
export function colours(value) {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  const mix = STOPS[low].map((from, i) => from + (place - low) * (STOPS[low + 1][i] - from));
  return [...mix.map(Math.round), Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value))))];
}

/** Paint the scale from 0 to 1 into a canvas. */
export function ramp(canvas) {
  const context = canvas.getContext("2d");
  for (let x = 0; x < canvas.width; x++) {
    const [r, g, b, a] = colours(x / (canvas.width - 1));
    context.fillStyle = `rgb(${r} ${g} ${b} / ${a / 255})`;
    context.fillRect(x, 0, 1, canvas.height);
  }
}
