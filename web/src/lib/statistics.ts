/** What trades have in common. Money is added exactly; ratios are measurements. */
import type { Trade } from '../api/client'
import { magnitude, share, sign, sum } from './decimal'

export interface Statistics {
  count: number
  /** Profit or loss after all costs. */
  net: string
  fees: string
  funding: string
  /** Share of winners, in percent. */
  winPct: number | null
  /** What winners have made for each unit that losers have lost; null where nothing was lost. */
  profitFactor: number | null
  /** Mean R of those that have one. */
  meanR: number | null
  best: string | null
  worst: string | null
}

export function statistics(trades: Trade[]): Statistics {
  const pnl = trades.map((trade) => trade.pnl)
  const won = pnl.filter((one) => sign(one) > 0)
  const lost = pnl.filter((one) => sign(one) < 0)
  const rs = trades.flatMap((trade) => (trade.r == null ? [] : [trade.r]))
  const ordered = [...trades].sort((a, b) => sign(sum([a.pnl, b.pnl.startsWith('-') ? b.pnl.slice(1) : `-${b.pnl}`])))
  return {
    count: trades.length,
    net: sum(pnl),
    fees: sum(trades.map((trade) => trade.fees)),
    funding: sum(trades.map((trade) => trade.funding)),
    winPct: trades.length === 0 ? null : (won.length / trades.length) * 100,
    profitFactor: lost.length === 0 ? null : share(sum(won), magnitude(sum(lost))),
    meanR: rs.length === 0 ? null : rs.reduce((total, r) => total + r, 0) / rs.length,
    best: ordered.at(-1)?.pnl ?? null,
    worst: ordered[0]?.pnl ?? null,
  }
}

/** The same by group, in the order of the groups' names. */
export function grouped(trades: Trade[], by: (trade: Trade) => string): [string, Statistics][] {
  const groups = new Map<string, Trade[]>()
  for (const trade of trades) groups.set(by(trade), [...(groups.get(by(trade)) ?? []), trade])
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([name, rows]) => [name, statistics(rows)])
}
