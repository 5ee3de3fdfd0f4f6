/** Results by day as months of a calendar. */
import { compare, magnitude, share, sign, sum } from './decimal'
import type { Statistics } from './statistics'

export interface Day {
  /** 2026-07-01 */
  day: string
  /** Day of the month. */
  number: number
  result: Statistics | null
  /** How large the result is among all days shown: 0 for none, 1 to 3. */
  level: 0 | 1 | 2 | 3
}

export interface Month {
  /** 2026-07 */
  month: string
  total: string
  count: number
  /** Weeks from Monday to Sunday; null where a day is of another month. */
  weeks: (Day | null)[][]
}

function level(net: string, largest: string): Day['level'] {
  if (sign(net) === 0) return 0
  const part = share(magnitude(net), largest) ?? 0
  return part > 2 / 3 ? 3 : part > 1 / 3 ? 2 : 1
}

/** The newest `most` months that have a result, oldest first, of results by day. */
export function months(days: [string, Statistics][], most: number): Month[] {
  const names = [...new Set(days.map(([day]) => day.slice(0, 7)))].sort().slice(-most)
  const shown = new Map(days.filter(([day]) => names.includes(day.slice(0, 7))))
  const largest = [...shown.values()].map((one) => magnitude(one.net)).reduce((a, b) => (compare(a, b) > 0 ? a : b), '0')
  return names.map((month) => {
    const [year = 1970, number = 1] = month.split('-').map(Number)
    const first = (new Date(Date.UTC(year, number - 1, 1)).getUTCDay() + 6) % 7
    const length = new Date(Date.UTC(year, number, 0)).getUTCDate()
    const weeks: (Day | null)[][] = []
    for (let at = 0; at < Math.ceil((first + length) / 7) * 7; at += 1) {
      const of = at - first + 1
      const day = `${month}-${String(of).padStart(2, '0')}`
      const result = shown.get(day) ?? null
      const one = of >= 1 && of <= length ? { day, number: of, result, level: result ? level(result.net, largest) : (0 as const) } : null
      if (at % 7 === 0) weeks.push([])
      weeks.at(-1)?.push(one)
    }
    const results = [...shown].filter(([day]) => day.startsWith(month)).map(([, one]) => one)
    return { month, total: sum(results.map((one) => one.net)), count: results.reduce((total, one) => total + one.count, 0), weeks }
  })
}
