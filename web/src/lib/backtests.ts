/** What is shown of backtests: their figures, what they were made on, and what was changed for them. */
import type { Schemas } from '../api/client'
import { measure, money, multiple, percent, short, signedMoney, span, tone } from './format'

export type Backtest = Schemas['BacktestBody']

/** The part of a result's `summary` that is shown (docs/results.md); what has no meaning is null. */
export interface Summary {
  final_equity?: string | null
  profit_abs?: string | null
  profit_pct?: number | null
  cagr_pct?: number | null
  underwater_max_pct?: number | null
  drawdown_worst_pct?: number | null
  sharpe?: number | null
  sortino?: number | null
  calmar?: number | null
  profit_factor?: number | null
  expectancy?: number | null
  trades?: number | null
  trades_open?: number | null
  win_rate_pct?: number | null
  r?: { avg?: number | null } | null
  exposure_pct?: number | null
  market_change_pct?: number | null
  costs?: { fees?: string | null; funding?: string | null } | null
  protection?: { naked_max_ms?: number | null } | null
  liquidations?: number | null
  candles?: number | null
  days?: number | null
}

/** The figures of one that is done. */
export function summary(of: Backtest): Summary | null {
  return (of.summary as Summary | null | undefined) ?? null
}

export interface Figure {
  label: string
  /** What it means, where the label does not say it all. */
  help?: string
  text: (of: Summary) => string
  tone?: (of: Summary) => string
}

function signedPercent(number: number | null | undefined): string {
  return number != null && number > 0 ? `+${percent(number)}` : percent(number)
}

function signTone(number: number | null | undefined): string {
  return number == null || number === 0 ? '' : number > 0 ? 'good' : 'bad'
}

const count = (number: number | null | undefined) => measure(number, 0)

/** What the list shows of each. */
export const KEY_FIGURES: Figure[] = [
  { label: 'Net profit', help: 'After all costs, in percent of the first equity', text: (of) => signedPercent(of.profit_pct), tone: (of) => signTone(of.profit_pct) },
  { label: 'Max drawdown', help: 'Largest drop of equity, in percent of its peak', text: (of) => percent(of.underwater_max_pct) },
  { label: 'Sharpe', help: 'Of daily returns, by the year', text: (of) => measure(of.sharpe) },
  { label: 'Profit factor', help: 'Profits by losses of closed trades', text: (of) => measure(of.profit_factor) },
  { label: 'Trades', text: (of) => count(of.trades) },
  { label: 'Win rate', help: 'Of closed trades', text: (of) => percent(of.win_rate_pct, 1) },
]

/** What is compared. */
export const FIGURES: Figure[] = [
  ...KEY_FIGURES,
  { label: 'Net profit, money', text: (of) => signedMoney(of.profit_abs), tone: (of) => tone(of.profit_abs) },
  { label: 'Final equity', text: (of) => money(of.final_equity) },
  { label: 'By the year', help: 'CAGR', text: (of) => signedPercent(of.cagr_pct), tone: (of) => signTone(of.cagr_pct) },
  { label: 'Worst within a candle', help: 'Drawdown with positions at the worst price of each candle', text: (of) => percent(of.drawdown_worst_pct) },
  { label: 'Sortino', text: (of) => measure(of.sortino) },
  { label: 'Calmar', text: (of) => measure(of.calmar) },
  { label: 'Expectancy', help: 'Mean result of a closed trade, in money', text: (of) => measure(of.expectancy) },
  { label: 'Mean R', text: (of) => multiple(of.r?.avg) },
  { label: 'Open at the end', text: (of) => count(of.trades_open) },
  { label: 'Liquidations', text: (of) => count(of.liquidations), tone: (of) => ((of.liquidations ?? 0) > 0 ? 'bad' : '') },
  { label: 'Fees paid', text: (of) => money(of.costs?.fees) },
  { label: 'Funding received', text: (of) => signedMoney(of.costs?.funding) },
  { label: 'Time in the market', text: (of) => percent(of.exposure_pct, 1) },
  { label: 'Longest without a stop', text: (of) => span(of.protection?.naked_max_ms == null ? null : of.protection.naked_max_ms / 1000) },
  { label: 'The market itself', help: 'From the first open to the last close', text: (of) => signedPercent(of.market_change_pct) },
  { label: 'Candles', text: (of) => count(of.candles) },
  { label: 'Days', text: (of) => measure(of.days, 1) },
]

/** What candles one was made on: `NAME@TIMEFRAME`, or `NAME=FILE@TIMEFRAME` for those of the run. */
export function series(text: string): string {
  const at = text.lastIndexOf('@')
  const [name = '', file] = text.slice(0, at).split('=')
  return `${short(name)} ${text.slice(at + 1)}${file === undefined ? '' : ' (of the run)'}`
}

/** Keys and values of lines `key=value`; lines that are none, and keys that come twice, are refused in words. */
export function changes(text: string): { set: Record<string, string>; problem: string } {
  const set: Record<string, string> = {}
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const at = line.indexOf('=')
    const key = line.slice(0, Math.max(0, at)).trim()
    if (key === '') return { set, problem: `“${line}” is not of the form key=value` }
    if (Object.hasOwn(set, key)) return { set, problem: `${key} comes twice` }
    set[key] = line.slice(at + 1).trim()
  }
  return { set, problem: '' }
}

/** What was changed for each of them: a row a key, with a value for each, null where it is as configured. */
export function changed(of: Backtest[]): { key: string; values: (string | null)[] }[] {
  const sets = of.map((one) => new Map(one.set.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])))
  const keys = [...new Set(sets.flatMap((one) => [...one.keys()]))].sort()
  return keys.map((key) => ({ key, values: sets.map((one) => one.get(key) ?? null) }))
}
