// Mouse, pen, fingers and wheel on a pane. Left drag is the chosen tool, middle moves, right zooms.

const CLICK = 4; // pixels that a click may move

/** Let a canvas move its view. `tool()` is "window", "pan" or "zoom"; `click(x, y)` is told of clicks. */
export function listen(canvas, view, { tool, click }) {
  const pointers = new Map();
  let moved = 0, button = 0;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    if (!pointers.size) [moved, button] = [0, event.button];
    pointers.set(event.pointerId, at(event));
    if (event.button === 1) event.preventDefault(); // no scrolling by the middle button
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (others.length) pinch(view, before, now, others[0]);
    else drag(view, { before, now, what: held(button, event, tool()) });
    pointers.set(event.pointerId, now);
  });

  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && moved < CLICK && button === 0) click(at(event).x, at(event).y);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", () => view.fit());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = at(event);
    view.zoomAt(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 400), x, y);
  }, { passive: false });
}

function held(button, event, tool) {
  if (button === 1 || event.shiftKey) return "pan";
  return button === 2 ? "zoom" : tool;
}

function drag(view, { before, now, what }) {
  const dx = now.x - before.x, dy = now.y - before.y;
  if (what === "pan") view.pan(dx, dy);
  else if (what === "zoom") view.zoomAt(Math.exp(-dy / 150));
  else view.adjust(dx / 2, dy / 2);
}

function pinch(view, before, now, other) {
  const spread = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
  view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  view.zoomAt(spread(now) / spread(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
}
