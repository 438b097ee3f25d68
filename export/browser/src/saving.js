// Files of a finding, made in the browser and saved by it.

/** The mask as a PNG, 0 and 255, as large as the picture. */
export function maskPicture({ mask, width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  words.fill(0xff000000); // opaque black on every machine that runs browsers: little-endian
  for (let i = 0; i < mask.length; i++) if (mask[i]) words[i] = 0xffffffff;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return new Promise((resolve, reject) => {
    const failed = new Error("The picture is too large for this browser to save its mask.");
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(failed)), "image/png");
  });
}

/** The finding as JSON; the names are those of `bonefrac-predict --json`. */
export function record(finding, { image, card }) {
  const { probability, verdict, width, height, elapsed_ms } = finding;
  const boxes = finding.boxes.map((box) => ({ ...box, score: rounded(box.score, 4) }));
  const told = {
    ...{ image, probability: rounded(probability, 4), verdict, boxes },
    ...{ width, height, model: card.name, elapsed_ms: rounded(elapsed_ms, 1) },
    use: card.use,
  };
  return new Blob([`${JSON.stringify(told, null, 2)}\n`], { type: "application/json" });
}

/** Hand a file to the browser. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const rounded = (value, digits) => Number(value.toFixed(digits));
