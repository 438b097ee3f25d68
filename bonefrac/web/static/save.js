// Files to keep: the JSON that the page has, and what the server makes of the radiograph.

import { download } from "./api.js";
import { h } from "./dom.js";

const MADE = {
  png: { accept: "image/png", suffix: ".overlay.png" },
  sr: { accept: "application/dicom", kind: "sr", suffix: ".sr.dcm" },
  seg: { accept: "application/dicom", kind: "seg", suffix: ".seg.dcm" },
};

/** Save one kind of file: "json", "png", "sr" or "seg". */
export async function save(study, finding, { kind, model }) {
  if (kind === "json") return keep(json(finding), `${study.stem}.json`);
  const { suffix, ...asked } = MADE[kind];
  keep(await download(study.file, { model, ...asked }), `${study.stem}${suffix}`);
}

function json(finding) {
  const { layers, ...rest } = finding;
  return new Blob([`${JSON.stringify(rest, null, 2)}\n`], { type: "application/json" });
}

function keep(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
