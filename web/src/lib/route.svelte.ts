/** Where one is: the part of the address after `#/`, so that the server knows one page only. */

export const SCREENS = [
  ['overview', 'Overview'],
  ['positions', 'Positions'],
  ['chart', 'Chart'],
  ['orders', 'Orders'],
  ['decisions', 'Decisions'],
  ['trades', 'Trades'],
  ['risk', 'Risk'],
  ['health', 'Health'],
  ['alerts', 'Alerts'],
  ['incidents', 'Incidents'],
  ['logs', 'Log'],
  ['backtests', 'Backtests'],
  ['config', 'Configuration'],
] as const

export type Screen = (typeof SCREENS)[number][0]

class Route {
  screen = $state<Screen>('overview')
  /** What stands after the `?`. */
  query = $state.raw(new URLSearchParams())

  constructor() {
    this.#read()
    addEventListener('hashchange', () => this.#read())
  }

  #read(): void {
    const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
    this.screen = SCREENS.find(([name]) => name === path)?.[0] ?? 'overview'
    this.query = new URLSearchParams(query)
  }
}

export const route = new Route()

/** The address of a screen. */
export function link(screen: Screen, query: Record<string, string> = {}): string {
  const text = new URLSearchParams(query).toString()
  return `#/${screen}${text ? `?${text}` : ''}`
}
