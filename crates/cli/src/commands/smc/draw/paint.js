// Draws things on a canvas. A scene `s` holds the canvas context, the scales x(bar) and y(price), the width of
// a bar, the plot's size, the colours and the bar t. What is drawn is noted in s.hits for the pointer.

const layerKey = (data, kind) => data.layers[kind.layer].words.toLowerCase().replace(/[^a-z]+/g, "-");

function colour(s, thing) {
  return s.colours[`${layerKey(s.data, thing.kind)}-${thing.up ? "up" : "down"}`] || s.colours.ink;
}

// Structure of large legs is drawn stronger.
const isSwing = (s, thing) => (s.data.sources[thing.source] || "").startsWith("swing");

// A label where there is room for it; labels never lie on each other.
function label(s, text, x, y, ink, align = "left", bold = false) {
  if (!text) return false;
  s.ctx.font = `${bold ? "bold " : ""}11px system-ui, "DejaVu Sans", sans-serif`;
  const width = s.ctx.measureText(text).width;
  const left = align === "right" ? x - width : align === "center" ? x - width / 2 : x;
  const box = [left - 2, y - 7, left + width + 2, y + 7];
  if (box[0] < 0 || box[2] > s.width || box[1] < 18 || box[3] > s.height) return false;
  if (s.labels.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) return false;
  s.labels.push(box);
  s.ctx.globalAlpha = 0.75;
  s.ctx.fillStyle = s.colours.bg;
  s.ctx.fillRect(box[0], box[1] + 1, width + 4, 12);
  s.ctx.globalAlpha = 1;
  s.ctx.fillStyle = ink;
  s.ctx.textAlign = "left";
  s.ctx.textBaseline = "middle";
  s.ctx.fillText(text, left, y + 0.5);
  return true;
}

function line(s, x0, y0, x1, y1, ink, width = 1, dash = [], alpha = 1) {
  const { ctx } = s;
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = ink;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

function hit(s, state, x0, y0, x1, y1) {
  s.hits.push({ state, x0: x0 - 4, y0: y0 - 4, x1: x1 + 4, y1: y1 + 4, area: (x1 - x0 + 8) * (y1 - y0 + 8) });
}

// From birth to end, or to the right edge while it lives.
function reach(s, state) {
  return [s.x(state.thing.known) + s.barWidth / 2, state.ended < 0 ? s.width : s.x(state.ended)];
}

const painters = {
  zone(s, state) {
    const [x0, x1] = reach(s, state);
    const ink = colour(s, state.thing),
      alive = state.ended < 0;
    const y0 = s.y(state.top),
      y1 = Math.max(s.y(state.bottom), y0 + 1),
      width = Math.max(x1 - x0, 1);
    if (!alive && width < 3) return;
    s.ctx.fillStyle = ink;
    s.ctx.globalAlpha = alive ? (state.touched ? 0.13 : 0.28) : 0.07;
    s.ctx.fillRect(x0, y0, width, y1 - y0);
    s.ctx.globalAlpha = 1;
    if (alive) {
      const near = state.thing.up ? y0 : y1;
      line(s, x0, near, x1, near, ink, isSwing(s, state.thing) ? 1.6 : 1, [], 0.8);
      s.late.push(() => {
        const short = state.thing.kind.short[state.thing.up ? 0 : 1];
        label(s, short, s.width - 5, (y0 + y1) / 2, ink, "right", isSwing(s, state.thing));
      });
    }
    hit(s, state, x0, y0, x1, y1);
  },
  level(s, state) {
    const [x0, x1] = reach(s, state);
    const ink = colour(s, state.thing),
      y = s.y(state.top),
      alive = state.ended < 0;
    line(s, x0, y, x1, y, ink, 1, [2, 3], alive ? 0.9 : 0.45);
    if (!alive) taken(s, state, x1, y, ink);
    else
      s.late.push(() =>
        label(s, state.thing.kind.short[state.thing.up ? 0 : 1], s.width - 5, y, ink, "right"),
      );
    hit(s, state, x0, y, x1, y);
  },
  pair(s, state) {
    const [x0, x1] = reach(s, state),
      ink = colour(s, state.thing),
      alive = state.ended < 0;
    [
      [state.top, "H"],
      [state.bottom, "L"],
    ].forEach(([price, side]) => {
      const y = s.y(price);
      line(s, x0, y, x1, y, ink, 1, [6, 3], alive ? 0.9 : 0.4);
      if (alive) s.late.push(() => label(s, state.thing.kind.short[0] + side, s.width - 5, y, ink, "right"));
      hit(s, state, x0, y, x1, y);
    });
  },
  band(s, state) {
    const x0 = s.x(state.thing.anchor) - s.barWidth / 2;
    const x1 = (state.ended < 0 ? s.x(s.t) : s.x(state.ended)) + s.barWidth / 2;
    s.ctx.globalAlpha = 0.1;
    s.ctx.fillStyle = colour(s, state.thing);
    s.ctx.fillRect(x0, 0, x1 - x0, s.height);
    s.ctx.globalAlpha = 1;
    hit(s, state, x0, s.height - 14, x1, s.height);
  },
  range(s, state) {
    if (state.ended >= 0) return;
    const [x0] = reach(s, state),
      ink = colour(s, state.thing);
    const middle = (state.top + state.bottom) / 2;
    for (const [price, side, dash] of [
      [state.top, "high", []],
      [middle, "50 %", [4, 4]],
      [state.bottom, "low", []],
    ]) {
      const y = s.y(price);
      line(s, x0, y, s.width, y, ink, 1, dash, 0.7);
      s.late.push(() => label(s, `Range ${side}`, s.width - 5, y, ink, "right"));
      hit(s, state, x0, y, s.width, y);
    }
  },
  break(s, state) {
    const { thing } = state,
      strong = isSwing(s, thing);
    const x0 = s.x(thing.anchor),
      x1 = s.x(thing.known),
      y = s.y(state.top),
      ink = colour(s, thing);
    if (x1 - x0 < 2) return;
    line(s, x0, y, x1, y, ink, strong ? 2 : 1, strong ? [] : [5, 3], 0.95);
    const bold = strong || thing.kind.name !== "bos";
    s.late.push(() => {
      if (x1 - x0 > (strong ? 12 : 26))
        label(s, thing.kind.short[0], (x0 + x1) / 2, y + (thing.up ? -8 : 8), ink, "center", bold);
    });
    hit(s, state, x0, y, x1, y);
  },
  pivot(s, state) {
    const { thing } = state,
      strong = isSwing(s, thing);
    if (s.barWidth < (strong ? 0.15 : 2)) return;
    const x = s.x(thing.anchor),
      y = s.y(state.top),
      away = thing.up ? -1 : 1,
      size = strong ? 5 : 3;
    s.ctx.fillStyle = colour(s, thing);
    s.ctx.beginPath();
    s.ctx.moveTo(x, y + 3 * away);
    s.ctx.lineTo(x - size, y + (3 + 1.6 * size) * away);
    s.ctx.lineTo(x + size, y + (3 + 1.6 * size) * away);
    s.ctx.fill();
    s.late.push(() => label(s, thing.kind.short[0], x, y + 17 * away, colour(s, thing), "center", strong));
    hit(s, state, x - size, Math.min(y, y + 12 * away), x + size, Math.max(y, y + 12 * away));
  },
  mark(s, state) {
    if (s.barWidth < 2) return;
    const { thing } = state,
      x = s.x(thing.known),
      y = s.height - 8,
      ink = colour(s, thing);
    if (label(s, thing.kind.short[0], x, y, ink, "center")) hit(s, state, x - 6, y - 6, x + 6, y + 6);
  },
};

// How liquidity was taken: a cross for a sweep, a bar for a run.
function taken(s, state, x, y, ink) {
  const by = s.data.changes[state.thing.endedBy].name;
  if (s.barWidth < 1 || (by !== "swept" && by !== "run")) return;
  if (by === "run") return line(s, x, y - 5, x, y + 5, ink, 2);
  line(s, x - 4, y - 4, x + 4, y + 4, ink, 1.6);
  line(s, x - 4, y + 4, x + 4, y - 4, ink, 1.6);
}

// From the bar that a thing is about to the close at which it became known.
function hindsight(s, state) {
  const { thing } = state;
  if (thing.known === thing.anchor) return;
  const x0 = s.x(thing.anchor),
    x1 = s.x(thing.known),
    y = s.y(thing.up ? thing.top : thing.bottom);
  // The line of a break is drawn anyway.
  if (thing.kind.shape !== "break") line(s, x0, y, x1, y, s.colours.accent, 1, [], 0.9);
  line(s, x1, y - 4, x1, y + 4, s.colours.accent, 1.5);
  s.ctx.fillStyle = s.colours.accent;
  s.ctx.fillRect(x0 - 2, y - 2, 4, 4);
  // Other labels go first.
  s.late.unshift(() => {
    if (x1 - x0 > 14) label(s, `+${thing.known - thing.anchor}`, x1 + 3, y, s.colours.accent);
  });
}

// Candles from bar `from` to `to`; where several share a pixel, one stroke for all of them.
function candles(s, bars, from, to) {
  const { ctx } = s;
  if (s.barWidth < 1.5) return strokes(s, bars, from, to);
  const body = Math.max(1, Math.min(s.barWidth * 0.7, 14)),
    wick = s.barWidth > 8 ? 1.4 : 1;
  for (const up of [true, false]) {
    ctx.fillStyle = up ? s.colours.up : s.colours.down;
    for (let i = from; i <= to; i++) {
      if (bars.close[i] >= bars.open[i] !== up) continue;
      const x = s.x(i),
        high = s.y(bars.high[i]),
        top = s.y(Math.max(bars.open[i], bars.close[i]));
      const bottom = s.y(Math.min(bars.open[i], bars.close[i]));
      ctx.fillRect(x - wick / 2, high, wick, Math.max(s.y(bars.low[i]) - high, 1));
      ctx.fillRect(x - body / 2, top, body, Math.max(bottom - top, 1));
    }
  }
}

function strokes(s, bars, from, to) {
  for (let i = from; i <= to;) {
    const column = Math.floor(s.x(i)),
      first = i;
    let high = -Infinity,
      low = Infinity;
    for (; i <= to && Math.floor(s.x(i)) === column; i++) {
      if (bars.high[i] > high) high = bars.high[i];
      if (bars.low[i] < low) low = bars.low[i];
    }
    s.ctx.fillStyle = bars.close[i - 1] >= bars.open[first] ? s.colours.up : s.colours.down;
    s.ctx.fillRect(column, s.y(high), 1, Math.max(s.y(low) - s.y(high), 1));
  }
}
