// The replay of the page: what it shows at bar t is what a scan of the first t + 1 bars knows.
//
// REPLAY names the script, PAGE the page of all bars, PREFIXES the JSON of a scan of each prefix, a line each.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const script = readFileSync(process.env.REPLAY, "utf8");
const { decodeBars, decodeThings, visibleAt, stateAt, eventLog } = new Function(
  `${script}; return { decodeBars, decodeThings, visibleAt, stateAt, eventLog };`,
)();
const html = readFileSync(process.env.PAGE, "utf8");
const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)[1]);
const prefixes = readFileSync(process.env.PREFIXES, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const raw = data.frames[0];
const things = decodeThings(raw, data);
const id = (thing) => `${thing.source}:${thing.number}`;

// On its way here a scan was read and written again, which can cost the last digit.
const rounded = (price) => Number(price.toPrecision(12));

// What a scan of a prefix knew, from its JSON alone.
function fromJson(frame) {
  const known = new Map();
  for (const event of frame.events) {
    known.set(`${event.id} ${event.kind}`, [rounded(event.top), rounded(event.bottom)]);
  }
  return known;
}

test("at every bar the page shows the things and prices that the prefix knew", () => {
  let compared = 0;
  for (const {
    timeframes: [frame],
  } of prefixes) {
    const shown = new Map();
    for (const state of visibleAt(things, frame.bars - 1)) {
      shown.set(`${id(state.thing)} ${state.thing.kind.name}`, [rounded(state.top), rounded(state.bottom)]);
    }
    assert.deepEqual([...shown].sort(), [...fromJson(frame)].sort(), `after ${frame.bars} bars`);
    compared += shown.size;
  }
  assert.ok(compared > 1000, `${compared} things compared`);
});

test("at every bar the zones that live and were touched are those of the prefix", () => {
  let touched = 0;
  for (const {
    timeframes: [frame],
  } of prefixes) {
    const live = visibleAt(things, frame.bars - 1)
      .filter((state) => state.thing.kind.shape === "zone" && state.ended < 0)
      .map((state) => [id(state.thing), state.touched, state.thing.known]);
    const expected = frame.live.zones.map((zone) => [zone.id, zone.touched, zone.born.bar]);
    assert.deepEqual(live.sort(), expected.sort(), `after ${frame.bars} bars`);
    touched += live.filter(([, was]) => was).length;
  }
  assert.ok(touched > 50, `${touched} touched zones compared`);
});

test("the log holds the events of the whole scan and of each bar those of the prefix", () => {
  const log = eventLog(things);
  for (const {
    timeframes: [frame],
  } of prefixes) {
    const known = log.filter((event) => event.known < frame.bars);
    assert.equal(known.length, frame.events_total, `after ${frame.bars} bars`);
  }
});

test("bars come back as they were", () => {
  const bars = decodeBars(raw, data.divisor);
  assert.equal(bars.n, prefixes.at(-1).timeframes[0].bars);
  assert.equal(bars.close[bars.n - 1], prefixes.at(-1).timeframes[0].live.close);
  assert.equal(
    new Date(bars.time[0] * 1000).toISOString().replace(".000", ""),
    prefixes[0].timeframes[0].from,
  );
  assert.equal(
    new Date(bars.known[bars.n - 1] * 1000).toISOString().replace(".000", ""),
    prefixes.at(-1).timeframes[0].to,
  );
});

test("a zone that dies later is still alive, and one not yet born is absent", () => {
  const made = {
    changes: [
      { name: "touched", touches: true },
      { name: "broken", touches: true },
    ],
    kinds: [{ name: "order_block", shape: "zone", ends: [1] }],
  };
  const [zone] = decodeThings(
    {
      things: [
        [
          0,
          4,
          7,
          1,
          3,
          10,
          2,
          1,
          [],
          [
            [0, 12],
            [1, 15, 5, 4],
          ],
        ],
      ],
    },
    made,
  );
  assert.equal(stateAt(zone, 9), null);
  const at = (t) => (({ top, touched, ended, entries }) => [top, touched, ended, entries])(stateAt(zone, t));
  assert.deepEqual(at(10), [2, false, -1, 0]);
  assert.deepEqual(at(14), [2, true, -1, 1]);
  assert.deepEqual(at(15), [5, true, 15, 2]);
});

test("holes and late candles move the times", () => {
  const bars = decodeBars(
    { start_s: 0, step_s: 60, holes: [[1, 2]], late: [[0, 120]], bars: [100, 5, 1, 2, 0, -3, 0, 0] },
    10,
  );
  assert.deepEqual([...bars.time], [0, 180]);
  assert.deepEqual([...bars.known], [180, 240]);
  assert.deepEqual([bars.open[0], bars.high[0], bars.low[0], bars.close[0]], [10, 10.6, 9.8, 10.5]);
  assert.deepEqual([bars.open[1], bars.close[1]], [10.5, 10.2]);
});
