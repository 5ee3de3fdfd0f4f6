// Pointer and wheel: drag moves, wheel and two fingers zoom, resting or a tap asks what is there.
function listen(chart) {
  const { canvas } = chart,
    fingers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const apart = () => {
    const [a, b] = [...fingers.values()];
    return Math.max(Math.hypot(a.x - b.x, a.y - b.y), 10);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    chart.onMove(place(event), true);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId),
      now = place(event);
    if (!before) return chart.onMove(now, false);
    const gap = fingers.size === 2 ? apart() : 0;
    fingers.set(event.pointerId, now);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      return chart.zoom(gap / apart(), (a.x + b.x) / 2);
    }
    chart.pan(((before.x - now.x) / chart.width) * chart.count);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") chart.onMove(null, false);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (sideways) chart.pan(((event.deltaX || event.deltaY) / chart.width) * chart.count);
      else chart.zoom(Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.002))), place(event).x);
    },
    { passive: false },
  );
}
