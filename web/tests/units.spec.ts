/** What is computed in the browser: exact decimals, patches, statistics. */
import { expect, test } from '@playwright/test'
import type { Trade } from '../src/api/client'
import { changed, changes, series, type Backtest } from '../src/lib/backtests'
import { months } from '../src/lib/calendar'
import { axisSeconds, knownAt, placeOf, snapped, timeframesOver, unitsOf, type Overlay } from '../src/lib/chart'
import { compare, magnitude, negated, rounded, share, sign, sum } from '../src/lib/decimal'
import { merged } from '../src/lib/patch'
import { grouped, statistics } from '../src/lib/statistics'

test('a sum of decimals is exact, whatever their scale', () => {
  expect(sum(['0.1', '0.2'])).toBe('0.3')
  expect(sum(['79228162514264337593543950335', '0.0000000001'])).toBe('79228162514264337593543950335.0000000001')
  expect(sum(['-1.50', '1.5'])).toBe('0.00')
  expect(sum(['-0.05', '0.01'])).toBe('-0.04')
  expect(sum([])).toBe('0')
})

test('rounding goes half away from zero and fills up with zeros', () => {
  const cases = [['1.005', 2, '1.01'], ['-1.005', 2, '-1.01'], ['1.0049', 2, '1.00'], ['7', 2, '7.00'], ['0.5', 0, '1'], ['-0.4', 0, '0'], ['99.999', 1, '100.0']] as const
  for (const [number, places, expected] of cases) expect(rounded(number, places), number).toBe(expected)
})

test('signs and comparisons are those of the number, not of its text', () => {
  expect([sign('-0.00'), sign('0.001'), sign('-3')]).toEqual([0, 1, -1])
  expect([compare('1.10', '1.1'), compare('9', '10'), compare('-2', '-10')]).toEqual([0, -1, 1])
  expect([negated('1.5'), negated('-0.25'), magnitude('-2.0'), magnitude('+2.0')]).toEqual(['-1.5', '0.25', '2.0', '2.0'])
})

test('a share of nothing is not known', () => {
  expect(share('1', '0.00')).toBeNull()
  expect(share('1', '8')).toBe(0.125)
  expect(share('-5', '2.5')).toBe(-2)
})

test('a merge patch does what RFC 7396 says, and what it leaves alone stays the same object', () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, expected] of cases) expect(merged(target, patch)).toEqual(expected)
  const before = { same: { deep: 1 }, other: 1 }
  const after = merged(before, { other: 2 }) as typeof before
  expect(after.same).toBe(before.same)
  expect(before.other).toBe(1)
})

const trade = (pnl: string, r: number | null, side = 'long') => ({ pnl, r, side, fees: '0.10', funding: '-0.01' }) as unknown as Trade

test('statistics of trades', () => {
  const { net, fees, funding, winPct, profitFactor, meanR, best, worst, count } = statistics([trade('10.05', 2), trade('-4.00', -1), trade('-1', null), trade('9', 1)])
  expect({ net, fees, funding, count, best, worst }).toEqual({ net: '14.05', fees: '0.40', funding: '-0.04', count: 4, best: '10.05', worst: '-4.00' })
  expect([winPct, profitFactor]).toEqual([50, 3.81])
  expect(meanR).toBeCloseTo(2 / 3)
})

test('what cannot be known of no trades, or of none that lost, is not made up', () => {
  expect(statistics([])).toMatchObject({ count: 0, winPct: null, profitFactor: null, meanR: null, best: null, worst: null })
  expect(statistics([trade('1', 1)]).profitFactor).toBeNull()
  expect(grouped([trade('1', 1), trade('2', 1, 'short')], (one) => one.side).map(([name, all]) => [name, all.net])).toEqual([['long', '1'], ['short', '2']])
})


test('a dragged price is of whole ticks', () => {
  expect([unitsOf('0.5', 3), unitsOf('0.00005', 5), unitsOf('10', 0)]).toEqual([500, 5, 10])
  expect(snapped(69540.74, 500, 3)).toBe('69540.500')
  expect(snapped(69540.76, 500, 3)).toBe('69541.000')
  expect(snapped(0.1000749, 5, 5)).toBe('0.10005')
})

test('an instant belongs to the last candle that began before it', () => {
  const starts = [0, 60, 120]
  expect([-1, 0, 59, 60, 1_000].map((at) => placeOf(starts, at))).toEqual([-1, 0, 0, 1, 2])
  expect(placeOf([], 5)).toBe(-1)
  expect(axisSeconds('2026-07-01T00:00:00Z', 'utc')).toBe(1_782_864_000)
})

test('candles are put together to multiples of what the run hears', () => {
  expect(timeframesOver('5m')).toEqual(['5m', '15m', '30m', '1h', '2h', '4h', '1d'])
  expect(timeframesOver('1w')).toEqual(['1w'])
})

test('what became known later is not known before, and what ended later still lives', () => {
  const zone = (id: string, known_at: string, ended_at: string | null) => ({ id, known_at, ended_at, ended: ended_at && 'broken', touched_at: null }) as unknown as Overlay
  const all = [zone('a', '2026-07-01T00:01:00Z', '2026-07-01T00:05:00Z'), zone('b', '2026-07-01T00:04:00Z', null)]
  expect(knownAt(all, '2026-07-01T00:03:00Z')).toMatchObject([{ id: 'a', ended_at: null, ended: null }])
  expect(knownAt(all, '2026-07-01T00:05:00Z')).toMatchObject([{ id: 'a', ended: 'broken' }, { id: 'b' }])
  expect(knownAt(all, null)).toBe(all)
})

test('days are months of a calendar with their totals, and the largest result is the strongest', () => {
  const on = (day: string, net: string) => [day, statistics([trade(net, null)])] as [string, ReturnType<typeof statistics>]
  const [june, july] = months([on('2026-04-01', '500'), on('2026-06-30', '-10.50'), on('2026-07-01', '30'), on('2026-07-02', '0')], 2)
  expect([june?.month, june?.total, july?.month, july?.total, july?.count]).toEqual(['2026-06', '-10.50', '2026-07', '30', 2])
  // The first of July 2026 is a Wednesday.
  expect(july?.weeks[0]?.map((day) => day && [day.number, day.level])).toEqual([null, null, [1, 3], [2, 0], [3, 0], [4, 0], [5, 0]])
  expect(june?.weeks.flat().filter((day) => day).length).toBe(30)
  expect(june?.weeks.at(-1)?.[1]).toMatchObject({ number: 30, level: 2 })
  expect(months([], 6)).toEqual([])
})

test('changed keys are lines of key=value, and what is none is refused in words', () => {
  expect(changes(' a.b = 1 \n\n# none\nc=x=y\n')).toEqual({ set: { 'a.b': '1', c: 'x=y' }, problem: '' })
  expect(changes('a.b 1').problem).toContain('“a.b 1” is not of the form')
  expect(changes('=1').problem).toContain('key=value')
  expect(changes('a=1\na=2').problem).toBe('a comes twice')
})

test('a backtest says which candles it was made on, and is compared key by key', () => {
  expect(series('kraken:BTC/USD:USD@1h')).toBe('BTC/USD:USD 1h')
  expect(series('BTC/USD=candles-0.csv@1m')).toBe('BTC/USD 1m (of the run)')
  const made = (id: number, set: string[]) => ({ id, set }) as Backtest
  expect(changed([made(1, ['a=1', 'b=x=y']), made(2, ['a=2'])])).toEqual([
    { key: 'a', values: ['1', '2'] },
    { key: 'b', values: ['x=y', null] },
  ])
})
