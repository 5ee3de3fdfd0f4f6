/** What this browser prefers: theme and time zone. Kept in its own storage, where it has one. */

export type Theme = 'system' | 'light' | 'dark'
export type Zone = 'utc' | 'local'

function read<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
  try {
    const found = localStorage.getItem(`seawall.${key}`)
    return allowed.find((one) => one === found) ?? otherwise
  } catch {
    return otherwise
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`seawall.${key}`, value)
  } catch {
    // A browser without storage forgets; nothing else changes.
  }
}

const THEMES = ['system', 'light', 'dark'] as const

class Prefs {
  theme = $state<Theme>(read('theme', THEMES, 'system'))
  zone = $state<Zone>(read('zone', ['utc', 'local'] as const, 'utc'))
  /** What the system prefers now. */
  systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches)
  dark = $derived(this.theme === 'dark' || (this.theme === 'system' && this.systemDark))
  zoneName = $derived(this.zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone)

  #short = $derived(this.#form({ hour: '2-digit', minute: '2-digit', second: '2-digit' }))
  #long = $derived(
    this.#form({ month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }),
  )
  #minute = $derived(this.#form({ hour: '2-digit', minute: '2-digit' }))
  #day = $derived(this.#form({ year: 'numeric', month: '2-digit', day: '2-digit' }))

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.systemDark = event.matches
    })
  }

  #form(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const zone = this.zone === 'utc' ? { timeZone: 'UTC' } : {}
    return new Intl.DateTimeFormat('en-GB', { hourCycle: 'h23', ...zone, ...options })
  }

  setTheme(theme: Theme): void {
    this.theme = theme
    remember('theme', theme)
  }

  setZone(zone: Zone): void {
    this.zone = zone
    remember('zone', zone)
  }

  /** 12:34:56 */
  time(at: string | null | undefined): string {
    return at ? this.#short.format(new Date(at)) : '–'
  }

  /** 12:34 */
  minute(at: string | null | undefined): string {
    return at ? this.#minute.format(new Date(at)) : '–'
  }

  /** 07-01 12:34:56 */
  stamp(at: string | null | undefined): string {
    if (!at) return '–'
    const part = new Map(this.#long.formatToParts(new Date(at)).map(({ type, value }) => [type, value]))
    return `${part.get('month')}-${part.get('day')} ${part.get('hour')}:${part.get('minute')}:${part.get('second')}`
  }

  /** 2026-07-01 */
  day(at: string): string {
    const part = new Map(this.#day.formatToParts(new Date(at)).map(({ type, value }) => [type, value]))
    return `${part.get('year')}-${part.get('month')}-${part.get('day')}`
  }

  /** Hour of the day. */
  hour(at: string): number {
    const date = new Date(at)
    return this.zone === 'utc' ? date.getUTCHours() : date.getHours()
  }
}

export const prefs = new Prefs()
