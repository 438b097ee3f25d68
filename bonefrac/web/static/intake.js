// Where files come from: dropped, pasted or chosen; folders are looked through.

import { $ } from "./dom.js";

/** Call `take(files)` for whatever the reader gives. */
export function intake(take) {
  const input = $("#files");
  for (const id of ["#add", "#choose"]) $(id).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // the same file may be chosen again
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });
  drops(take);
}

function drops(take) {
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, change ? depth + change : 0);
    document.body.classList.toggle("dropping", depth > 0);
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(0);
    take(await dropped(event.dataTransfer));
  });
}

// Entries must be asked for before anything is awaited: the list is emptied after the event.
async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.filter(Boolean).map(walk));
  return found.flat();
}

async function walk(entry) {
  if (entry.isFile) {
    const isNoPicture = entry.name.startsWith(".") || entry.name.toUpperCase() === "DICOMDIR";
    return isNoPicture ? [] : [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) { // a reader gives at most a hundred entries a call
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return files;
    for (const child of part) files.push(...(await walk(child)));
  }
}
