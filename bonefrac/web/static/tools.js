// The toolbar above the viewer, and the tools' state.

import { $, $$ } from "./dom.js";

/** Wire the toolbar to a view; answers what keys may call. */
export function tools(view) {
  let tool = matchMedia("(pointer: coarse)").matches ? "pan" : "window";
  const radios = $$("[data-tool]");

  function choose(name) {
    tool = name;
    for (const radio of radios) {
      radio.setAttribute("aria-checked", String(radio.dataset.tool === name));
      radio.tabIndex = radio.dataset.tool === name ? 0 : -1;
    }
    $("#panes").dataset.tool = name;
  }

  const acts = {
    in: () => view.zoomAt(1.25), out: () => view.zoomAt(0.8), fit: () => view.fit(),
    actual: () => view.actual(), reset: () => view.reset(),
  };
  const toggle = (name) => view.set({ [name]: !view[name] });
  const strengthen = (by) => view.set({ heat: true, opacity: Math.min(1, Math.max(0, view.opacity + by)) });

  for (const radio of radios) radio.addEventListener("click", () => choose(radio.dataset.tool));
  $("[role=radiogroup]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const now = radios.findIndex((radio) => radio.dataset.tool === tool);
    const next = radios.at((now + step) % radios.length);
    choose(next.dataset.tool);
    next.focus();
  });
  for (const button of $$("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
  for (const button of $$("[data-toggle]")) button.addEventListener("click", () => toggle(button.dataset.toggle));
  $("#opacity").addEventListener("input", (event) => view.set({ heat: true, opacity: event.target.value / 100 }));
  view.addEventListener("change", () => {
    for (const button of $$("[data-toggle]")) button.setAttribute("aria-pressed", String(view[button.dataset.toggle]));
    $("#opacity").value = Math.round(100 * view.opacity);
  });
  choose(tool);
  return { choose, toggle, strengthen, ...acts, tool: () => tool };
}
