// The chart: which bars are in view, scales, axes, and what the pointer does. Only bars and things that were
// known at the close of `view.t` are looked at.

const AXIS_HEIGHT = 22,
  BARS_MIN = 12,
  NICE_SECONDS = [
    60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800, 1209600, 2629800, 7889400,
    15778800, 31557600,
  ];
const ORDER = ["band", "zone", "range", "pair", "level", "break", "pivot", "mark"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const PAD = (n) => String(n).padStart(2, "0");

function stampUtc(seconds) {
  const d = new Date(seconds * 1000);
  return `${d.getUTCFullYear()}-${PAD(d.getUTCMonth() + 1)}-${PAD(d.getUTCDate())} ${PAD(d.getUTCHours())}:${PAD(d.getUTCMinutes())}`;
}

// Which tick an instant belongs to; months are of the calendar.
function tickOf(seconds, tick) {
  if (tick < 2629800) return Math.floor(seconds / tick);
  const d = new Date(seconds * 1000);
  return Math.floor((d.getUTCFullYear() * 12 + d.getUTCMonth()) / Math.round(tick / 2629800));
}

// What a time axis says of an instant when its ticks are so many seconds apart.
function tickText(seconds, tick) {
  const d = new Date(seconds * 1000),
    month = MONTHS[d.getUTCMonth()];
  if (tick >= 2629800) return `${month} ${d.getUTCFullYear()}`;
  if (tick >= 86400 || seconds % 86400 === 0) return `${d.getUTCDate()} ${month}`;
  return `${PAD(d.getUTCHours())}:${PAD(d.getUTCMinutes())}`;
}

class Chart {
  constructor(canvas, data, onMove) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.data = data;
    this.onMove = onMove;
    this.layers = new Set(data.layers.flatMap((layer, place) => (layer.shown ? [place] : [])));
    this.ended = true;
    this.hindsight = false;
    this.marked = null;
    this.hits = [];
    this.waiting = false;
    // At once, so that no frame shows the picture stretched.
    new ResizeObserver(() => this.frame && this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readColours());
    this.readColours();
    listen(this);
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colours = {};
    const names = ["bg", "ink", "soft", "line", "accent", "up", "down"];
    for (const layer of this.data.layers) {
      const key = layer.words.toLowerCase().replace(/[^a-z]+/g, "-");
      names.push(`${key}-up`, `${key}-down`);
    }
    for (const name of names) this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    this.redraw();
  }

  show(frame, t, count) {
    this.frame = frame;
    this.t = t;
    this.count = Math.min(count, Math.max(frame.bars.n * 1.15, BARS_MIN));
    this.first = t + 1 - this.count * 0.88;
    this.marked = null;
    this.redraw();
  }

  // Another bar t; the view follows where it would leave it.
  moveTo(t) {
    this.t = Math.max(0, Math.min(this.frame.bars.n - 1, Math.round(t)));
    if (this.t > this.first + this.count * 0.9 || this.t < this.first + this.count * 0.1) {
      this.first = this.t + 1 - this.count * 0.8;
    }
    this.redraw();
  }

  pan(bars) {
    const n = this.frame.bars.n;
    this.first = Math.max(-this.count * 0.5, Math.min(n - this.count * 0.2, this.first + bars));
    this.redraw();
  }

  zoom(factor, at = this.width) {
    const bar = this.first + (at / this.width) * this.count,
      n = this.frame.bars.n;
    this.count = Math.max(Math.min(BARS_MIN, n), Math.min(n * 1.15, this.count * factor));
    this.first = bar - (at / this.width) * this.count;
    this.pan(0);
  }

  redraw() {
    if (this.waiting || !this.frame) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  scene() {
    const box = this.canvas.getBoundingClientRect(),
      scale = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(box.width * scale), Math.round(box.height * scale)];
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h];
    this.ctx.setTransform(scale, 0, 0, scale, 0, 0);
    const { bars } = this.frame;
    this.ctx.font = '11px system-ui, "DejaVu Sans", sans-serif';
    this.axis = Math.ceil(this.ctx.measureText(bars.high[this.t].toFixed(this.data.decimals)).width) + 14;
    this.width = box.width - this.axis;
    const height = box.height - AXIS_HEIGHT;
    const from = Math.max(0, Math.floor(this.first)),
      to = Math.min(this.t, Math.ceil(this.first + this.count));
    let high = -Infinity,
      low = Infinity;
    for (let i = from; i <= to; i++) {
      if (bars.high[i] > high) high = bars.high[i];
      if (bars.low[i] < low) low = bars.low[i];
    }
    if (high < low) [high, low] = [bars.high[this.t], bars.low[this.t]];
    const room = (high - low || Math.abs(high) * 0.01) * 0.09;
    [high, low] = [high + room, low - room];
    const barWidth = this.width / this.count;
    return {
      ctx: this.ctx,
      data: this.data,
      colours: this.colours,
      width: this.width,
      height,
      barWidth,
      t: this.t,
      from,
      to,
      high,
      low,
      labels: [],
      hits: [],
      late: [],
      x: (bar) => (bar - this.first + 0.5) * barWidth,
      y: (price) => ((high - price) / (high - low)) * height,
    };
  }

  draw() {
    const s = this.scene(),
      { ctx } = s;
    ctx.fillStyle = this.colours.bg;
    ctx.fillRect(0, 0, s.width + this.axis, s.height + AXIS_HEIGHT);
    this.axes(s);
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, s.width, s.height);
    ctx.clip();
    const states = this.inView(s);
    // Up to pairs they lie behind the candles.
    const isBehind = (state) => ORDER.indexOf(state.thing.kind.shape) < 4;
    for (const state of states) if (isBehind(state)) painters[state.thing.kind.shape](s, state);
    candles(s, this.frame.bars, s.from, s.to);
    for (const state of states) if (!isBehind(state)) painters[state.thing.kind.shape](s, state);
    if (this.hindsight) for (const state of states) hindsight(s, state);
    if (this.t < this.frame.bars.n - 1) {
      const x = s.x(this.t) + s.barWidth / 2;
      line(s, x, 0, x, s.height, this.colours.accent, 1, [3, 3]);
    }
    // What matters most for the next trade gets its label first.
    for (const write of s.late.reverse()) write();
    if (this.marked) this.outline(s);
    ctx.restore();
    this.lastPrice(s);
    this.hits = s.hits;
  }

  // Things of the chosen layers that reach into the view, in the order of drawing: ended ones first.
  inView(s) {
    const { things } = this.frame,
      count = knownCount(things, this.t),
      end = this.first + this.count,
      list = [];
    for (let i = 0; i < count; i++) {
      const thing = things[i];
      if (!this.layers.has(thing.kind.layer)) continue;
      const { shape } = thing.kind;
      const last = ["pivot", "break", "mark"].includes(shape)
        ? thing.known
        : thing.ended <= this.t
          ? thing.ended
          : Infinity;
      if (last < this.first || Math.min(thing.anchor, thing.known) > end) continue;
      if (!this.ended && thing.ended <= this.t && shape !== "band") continue;
      const state = stateAt(thing, this.t);
      if (s.y(state.bottom) < 0 || s.y(state.top) > s.height)
        if (shape !== "band" && shape !== "mark") continue;
      list.push(state);
    }
    const rank = (state) => ORDER.indexOf(state.thing.kind.shape) * 2 + (state.ended < 0 ? 1 : 0);
    return list.sort((a, b) => rank(a) - rank(b) || a.thing.known - b.thing.known);
  }

  axes(s) {
    const { ctx } = s,
      { bars } = this.frame,
      c = this.colours;
    ctx.font = '11px system-ui, "DejaVu Sans", sans-serif';
    ctx.textBaseline = "middle";
    const rough = ((s.high - s.low) * 60) / s.height,
      power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
    for (let price = Math.ceil(s.low / step) * step; price < s.high; price += step) {
      const y = s.y(price);
      line(s, 0, y, s.width, y, c.line);
      ctx.fillStyle = c.soft;
      ctx.textAlign = "left";
      if (y > 7) ctx.fillText(price.toFixed(this.data.decimals), s.width + 7, y);
    }
    const wanted = (bars.step * 80) / s.barWidth;
    const tick =
      NICE_SECONDS.find((n) => n >= wanted && n >= bars.step) || NICE_SECONDS[NICE_SECONDS.length - 1];
    let right = -Infinity;
    ctx.textAlign = "center";
    for (let i = Math.max(s.from, 1); i <= s.to; i++) {
      if (tickOf(bars.time[i], tick) === tickOf(bars.time[i - 1], tick)) continue;
      const x = s.x(i),
        text = tickText(bars.time[i], tick);
      if (x < right + 60 || x < 30 || x > s.width - 20) continue;
      right = x;
      line(s, x, 0, x, s.height, c.line);
      ctx.fillStyle = text.includes(":") ? c.soft : c.ink;
      ctx.fillText(text, x, s.height + AXIS_HEIGHT / 2);
    }
    line(s, s.width + 0.5, 0, s.width + 0.5, s.height, c.line);
  }

  lastPrice(s) {
    const close = this.frame.bars.close[this.t],
      up = close >= this.frame.bars.open[this.t];
    const y = s.y(close),
      ink = up ? this.colours.up : this.colours.down;
    if (y < 0 || y > s.height) return;
    line(s, 0, y, s.width, y, ink, 1, [1, 3], 0.8);
    s.ctx.fillStyle = ink;
    s.ctx.fillRect(s.width + 1, y - 9, this.axis, 18);
    s.ctx.fillStyle = this.colours.bg;
    s.ctx.font = 'bold 11px system-ui, "DejaVu Sans", sans-serif';
    s.ctx.textAlign = "left";
    s.ctx.textBaseline = "middle";
    s.ctx.fillText(close.toFixed(this.data.decimals), s.width + 7, y + 0.5);
  }

  outline(s) {
    const found = s.hits.find((one) => one.state.thing === this.marked);
    if (!found) return;
    s.ctx.strokeStyle = this.colours.accent;
    s.ctx.lineWidth = 1.5;
    s.ctx.strokeRect(found.x0, found.y0, found.x1 - found.x0, found.y1 - found.y0);
  }

  // What lies under the pointer: the smallest of all.
  under(x, y) {
    const found = this.hits.filter((one) => x >= one.x0 && x <= one.x1 && y >= one.y0 && y <= one.y1);
    return found.length ? found.reduce((a, b) => (b.area < a.area ? b : a)).state : null;
  }

  barAt(x) {
    return Math.max(0, Math.min(this.t, Math.round(this.first + (x / this.width) * this.count - 0.5)));
  }
}
