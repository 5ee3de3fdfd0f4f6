// The page around the chart: timeframes, layers, replay, notes and the table of events.

const EVENTS_MAX = 200;
// The table follows the picture after this time, so that replay stays fluid.
const TABLE_MS = 150;
const byId = (id) => document.getElementById(id);
const element = (name, text) => Object.assign(document.createElement(name), { textContent: text ?? "" });

function start() {
  const data = JSON.parse(byId("data").textContent);
  const frames = data.frames
    .filter((raw) => raw.bars.length > 0)
    .map((raw) => {
      const things = decodeThings(raw, data);
      const ids = new Map(things.map((thing) => [`${thing.source}:${thing.number}`, thing]));
      return { name: raw.timeframe, bars: decodeBars(raw, data.divisor), things, ids, log: eventLog(things) };
    });
  if (!frames.length) return;
  // #tf=1h&bar=118&bars=300&hindsight opens the page at a moment.
  const wish = new URLSearchParams(location.hash.slice(1));
  let frame = frames.find((one) => one.name === wish.get("tf")) || frames[0];
  let timer = 0,
    tableWaits = 0;
  const chart = new Chart(byId("chart"), data, note);
  const price = (value) => value.toFixed(data.decimals);
  const prices = (top, bottom) => (top === bottom ? price(top) : `${price(bottom)}–${price(top)}`);
  const words = (thing) => thing.kind.words[thing.up ? 0 : 1];
  const scale = (thing) => (/^(internal|swing)/.exec(data.sources[thing.source]) || [""])[0];
  const changeWords = (change) => data.changes[change].name.replace(/_/g, " ");
  const known = (bar) => `${stampUtc(frame.bars.known[bar])} (bar ${bar})`;

  function choose(next, t, count) {
    frame = next;
    byId("at").max = frame.bars.n - 1;
    for (const button of byId("frames").children) {
      button.setAttribute("aria-pressed", String(button.textContent === frame.name));
    }
    countLayers();
    chart.show(frame, t, count);
    moved();
  }

  function moveTo(t) {
    chart.moveTo(t);
    moved();
  }

  function moved() {
    const { t } = chart,
      { bars } = frame;
    byId("at").value = t;
    byId("when").textContent = `known at ${stampUtc(bars.known[t])} UTC · bar ${t} of ${bars.n - 1}`;
    ohlc(t);
    note(null, false);
    tableWaits ||= setTimeout(table, TABLE_MS);
  }

  function ohlc(bar) {
    const { open, high, low, close, time } = frame.bars;
    byId("bar").textContent =
      `${stampUtc(time[bar])}  O ${price(open[bar])}  H ${price(high[bar])}  L ${price(low[bar])}  C ${price(close[bar])}`;
  }

  function note(at, tapped) {
    const box = byId("note");
    const state = at && chart.under(at.x, at.y);
    if (at && at.x < chart.width) ohlc(chart.barAt(at.x));
    if ((state ? state.thing : null) !== chart.marked) {
      chart.marked = state ? state.thing : null;
      chart.redraw();
    }
    box.hidden = !state;
    if (!state) return;
    box.replaceChildren(...describe(state));
    const { clientWidth: width, clientHeight: height } = byId("stage");
    const left = at.x + 14 + box.offsetWidth > width ? at.x - 14 - box.offsetWidth : at.x + 14;
    box.style.left = `${Math.max(4, Math.min(left, width - box.offsetWidth - 4))}px`;
    box.style.top = `${Math.max(4, Math.min(at.y + (tapped ? 22 : 12), height - box.offsetHeight - 4))}px`;
  }

  function describe({ thing, top, bottom, entries }) {
    const { bars } = frame,
      later = thing.known - thing.anchor;
    const lines = [element("b", `${scale(thing)} ${words(thing)} ${prices(top, bottom)}`.trim())];
    lines.push(element("span", `about bar ${thing.anchor}, ${stampUtc(bars.time[thing.anchor])}`));
    const after = later ? `, ${later} bar${later > 1 ? "s" : ""} later` : "";
    lines.push(element("span", `known at ${known(thing.known)}${after}`));
    for (const [source, number] of thing.parents) {
      const parent = frame.ids.get(`${source}:${number}`);
      lines.push(element("span", `from ${parent ? words(parent) : "thing"} ${source}:${number}`));
    }
    const life = thing.life.slice(0, entries),
      shown = life.slice(-6);
    if (shown.length < life.length)
      lines.push(element("span", `… ${life.length - shown.length} changes before`));
    for (const entry of shown)
      lines.push(element("span", `${changeWords(entry.change)} at ${known(entry.known)}`));
    lines.push(element("span", `id ${thing.source}:${thing.number}`));
    return lines;
  }

  function table() {
    tableWaits = 0;
    const { log } = frame,
      rows = [];
    let last = log.length,
      all = 0;
    while (last > 0 && log[last - 1].known > chart.t) last--;
    for (let i = last - 1; i >= 0; i--) {
      if (!chart.layers.has(log[i].thing.kind.layer)) continue;
      if (++all <= EVENTS_MAX) rows.push(row(log[i]));
    }
    byId("events").replaceChildren(...rows);
    byId("count").textContent =
      all > EVENTS_MAX ? `the last ${EVENTS_MAX} of ${all} known so far` : `${all} known so far`;
  }

  function row({ thing, entry, known: bar }) {
    const change = entry < 0 ? null : thing.life[entry],
      { top, bottom } = change || thing;
    const what = `${scale(thing)} ${words(thing)} ${change ? changeWords(change.change) : ""}`.trim();
    const cells = [stampUtc(frame.bars.known[bar]), bar, what, prices(top, bottom), bar - thing.anchor];
    const line = element("tr");
    cells.forEach((text, place) =>
      line.append(Object.assign(element("td", text), { className: place > 2 ? "number" : "" })),
    );
    line.addEventListener("click", () => {
      moveTo(bar);
      chart.marked = thing;
      byId("stage").scrollIntoView({ block: "nearest" });
    });
    return line;
  }

  function countLayers() {
    const counts = data.layers.map(() => 0);
    for (const thing of frame.things) counts[thing.kind.layer]++;
    const boxes = data.layers.flatMap((layer, place) => {
      if (!counts[place]) return [];
      const key = layer.words.toLowerCase().replace(/[^a-z]+/g, "-"),
        box = toggle(layer.words, chart.layers.has(place), (on) => {
          if (on) chart.layers.add(place);
          else chart.layers.delete(place);
          table();
        });
      const dot = element("i");
      dot.style.background = `linear-gradient(90deg, var(--${key}-up) 50%, var(--${key}-down) 50%)`;
      box.children[0].after(dot);
      box.append(element("small", counts[place]));
      return [box];
    });
    boxes.push(toggle("Ended", chart.ended, (on) => (chart.ended = on)));
    byId("layers").replaceChildren(...boxes);
  }

  function toggle(text, on, act) {
    const box = element("label"),
      input = Object.assign(element("input"), { type: "checkbox", checked: on });
    input.addEventListener("change", () => {
      act(input.checked);
      chart.redraw();
    });
    box.append(input, text);
    return box;
  }

  function play(on) {
    clearInterval(timer);
    timer = 0;
    byId("play").textContent = on ? "❚❚" : "▶";
    if (!on) return;
    if (chart.t >= frame.bars.n - 1) moveTo(Math.max(0, frame.bars.n - 1 - Math.round(chart.count * 0.7)));
    timer = setInterval(
      () => {
        moveTo(chart.t + 1);
        if (chart.t >= frame.bars.n - 1) play(false);
      },
      1000 / Number(byId("speed").value),
    );
  }

  const keys = {
    ArrowLeft: (event) => moveTo(chart.t - (event.shiftKey ? 10 : 1)),
    ArrowRight: (event) => moveTo(chart.t + (event.shiftKey ? 10 : 1)),
    ArrowUp: () => chart.zoom(0.8),
    ArrowDown: () => chart.zoom(1.25),
    PageUp: () => chart.pan(-chart.count * 0.5),
    PageDown: () => chart.pan(chart.count * 0.5),
    Home: () => moveTo(0),
    End: () => moveTo(frame.bars.n - 1),
    " ": () => play(!timer),
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key],
      { target } = event;
    if (
      !act ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      /^(BUTTON|SELECT|INPUT)$/.test(target.tagName)
    )
      return;
    event.preventDefault();
    act(event);
  });
  const slide = byId("at");
  slide.addEventListener("input", () => moveTo(Number(slide.value)));
  byId("back").addEventListener("click", () => moveTo(chart.t - 1));
  byId("forth").addEventListener("click", () => moveTo(chart.t + 1));
  byId("end").addEventListener("click", () => moveTo(frame.bars.n - 1));
  byId("play").addEventListener("click", () => play(!timer));
  byId("speed").addEventListener("change", () => timer && play(true));
  const switchHindsight = byId("hindsight");
  switchHindsight.addEventListener("change", () => {
    chart.hindsight = switchHindsight.checked;
    chart.redraw();
  });
  if (frames.length > 1) {
    byId("frames").append(
      ...frames.map((one) => {
        const button = element("button", one.name);
        // The same moment in another timeframe.
        button.addEventListener("click", () =>
          choose(one, barKnownBy(one.bars, frame.bars.known[chart.t]), chart.count),
        );
        return button;
      }),
    );
  }
  switchHindsight.checked = chart.hindsight = wish.has("hindsight");
  const width = byId("stage").clientWidth;
  const t = wish.has("bar")
    ? Math.max(0, Math.min(frame.bars.n - 1, Number(wish.get("bar")) || 0))
    : frame.bars.n - 1;
  choose(frame, t, Number(wish.get("bars")) || (width < 640 ? 80 : 200));
}

// The last bar that was known at an instant.
function barKnownBy(bars, seconds) {
  let bar = bars.n - 1;
  while (bar > 0 && bars.known[bar] > seconds) bar--;
  return bar;
}

start();
