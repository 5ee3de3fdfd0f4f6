/**
 * What a chart draws. Prices become numbers here, for pixels alone; a price that goes back to the run is made
 * of whole ticks, as digits.
 */
import type { Schemas } from '../api/client'
import { plain } from './format'

export type Candle = Schemas['CandleBody']
export type Marker = Schemas['MarkerBody']
export type Overlay = Schemas['OverlayBody']

/** Minutes of each timeframe that is offered. */
export const TIMEFRAMES: [string, number][] = [
  ['1m', 1],
  ['3m', 3],
  ['5m', 5],
  ['15m', 15],
  ['30m', 30],
  ['1h', 60],
  ['2h', 120],
  ['4h', 240],
  ['1d', 1440],
]

/** Those that can be put together of candles of `base`. */
export function timeframesOver(base: string): string[] {
  const minutes = TIMEFRAMES.find(([name]) => name === base)?.[1]
  if (minutes === undefined) return [base]
  return TIMEFRAMES.filter(([, longer]) => longer % minutes === 0).map(([name]) => name)
}

/** Seconds for the axis, which knows no time zones: shifted by what the zone is away from UTC. */
export function axisSeconds(at: string, zone: 'utc' | 'local'): number {
  const ms = Date.parse(at)
  const shift = zone === 'local' ? new Date(ms).getTimezoneOffset() * 60_000 : 0
  return Math.floor((ms - shift) / 1_000)
}

/** The place of the last candle that begins at `at` or before it; −1 where there is none. */
export function placeOf(starts: number[], at: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** A price in the smallest units of its instrument. */
export function unitsOf(price: string, decimals: number): number {
  return Math.round(Number(price) * 10 ** decimals)
}

/** The price of whole steps that is nearest to `price`, as digits. */
export function snapped(price: number, step: number, decimals: number): string {
  const units = Math.round((price * 10 ** decimals) / step) * step
  return (units / 10 ** decimals).toFixed(decimals)
}

/** What is known at an instant, as it was known then: what began later is not there, what ended later lives. */
export function knownAt(overlays: Overlay[], at: string | null): Overlay[] {
  if (at === null) return overlays
  const until = Date.parse(at)
  const later = (instant: string | null | undefined) => instant == null || Date.parse(instant) > until
  return overlays
    .filter((one) => !later(one.known_at))
    .map((one) => ({
      ...one,
      touched_at: later(one.touched_at) ? null : one.touched_at,
      ended_at: later(one.ended_at) ? null : one.ended_at,
      ended: later(one.ended_at) ? null : one.ended,
    }))
}

/** Names as they stand on a chart. */
const SHORT: Record<string, string> = {
  order_block: 'OB',
  breaker_block: 'BB',
  fair_value_gap: 'FVG',
  inverse_fair_value_gap: 'iFVG',
  break_of_structure: 'BOS',
  change_of_character: 'CHoCH',
}

export function shortName(kind: string): string {
  return SHORT[kind] ?? plain(kind)
}

export const isBreak = (one: Overlay) => one.kind === 'break_of_structure' || one.kind === 'change_of_character'
