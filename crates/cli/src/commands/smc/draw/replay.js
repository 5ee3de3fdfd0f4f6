// What was known when. Nothing here draws; everything answers for the close of a bar t and uses no entry
// whose `known` is later.

// Bars as columns: open times in seconds, when each was known, prices.
function decodeBars(raw, divisor) {
  const n = raw.bars.length / 4;
  const bars = { n, step: raw.step_s };
  for (const name of ["time", "known", "open", "high", "low", "close"]) bars[name] = new Float64Array(n);
  let time = raw.start_s,
    close = 0,
    hole = 0,
    late = 0;
  for (let i = 0; i < n; i++) {
    if (hole < raw.holes.length && raw.holes[hole][0] === i) time += raw.holes[hole++][1] * raw.step_s;
    bars.time[i] = time;
    time += raw.step_s;
    bars.known[i] = time;
    if (late < raw.late.length && raw.late[late][0] === i) bars.known[i] += raw.late[late++][1];
    const open = close + raw.bars[4 * i];
    close = open + raw.bars[4 * i + 1];
    bars.open[i] = open / divisor;
    bars.close[i] = close / divisor;
    bars.high[i] = (Math.max(open, close) + raw.bars[4 * i + 2]) / divisor;
    bars.low[i] = (Math.min(open, close) - raw.bars[4 * i + 3]) / divisor;
  }
  return bars;
}

// Things with their lives. `touched` and `ended` are bars, Infinity for never; compare them with t only.
function decodeThings(raw, data) {
  return raw.things.map(([kind, source, number, up, anchor, known, top, bottom, parents, rows], place) => {
    const thing = { place, kind: data.kinds[kind], source, number, up: up === 1, anchor, known, top, bottom };
    thing.parents = parents;
    thing.touched = thing.ended = Infinity;
    thing.endedBy = -1;
    let prices = [top, bottom];
    thing.life = rows.map(([change, at, newTop, newBottom]) => {
      if (newTop !== undefined) prices = [newTop, newBottom];
      if (data.changes[change].touches) thing.touched = Math.min(thing.touched, at);
      if (thing.ended === Infinity && data.kinds[kind].ends.includes(change)) {
        thing.ended = at;
        thing.endedBy = change;
      }
      return { change, known: at, top: prices[0], bottom: prices[1] };
    });
    return thing;
  });
}

// A thing as it was known at the close of bar t; null before its birth.
function stateAt(thing, t) {
  if (thing.known > t) return null;
  let { top, bottom } = thing,
    entries = 0;
  for (const entry of thing.life) {
    if (entry.known > t) break;
    ({ top, bottom } = entry);
    entries++;
  }
  return {
    thing,
    top,
    bottom,
    entries,
    touched: thing.touched <= t,
    ended: thing.ended <= t ? thing.ended : -1,
  };
}

// How many things were known at the close of bar t: they are in the order of their births.
function knownCount(things, t) {
  let low = 0,
    high = things.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (things[middle].known <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Everything that was known at the close of bar t, ended or not.
function visibleAt(things, t) {
  const count = knownCount(things, t),
    states = [];
  for (let i = 0; i < count; i++) states.push(stateAt(things[i], t));
  return states;
}

// Births and changes of all things in the order in which they became known.
function eventLog(things) {
  const log = [];
  for (const thing of things) {
    log.push({ thing, entry: -1, known: thing.known });
    thing.life.forEach((entry, place) => log.push({ thing, entry: place, known: entry.known }));
  }
  return log.sort((a, b) => a.known - b.known || a.thing.place - b.thing.place || a.entry - b.entry);
}
