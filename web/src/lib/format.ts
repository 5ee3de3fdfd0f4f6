/** How values are shown. What is not known is shown as a dash, never as zero. */
import { rounded, sign } from './decimal'

export const NONE = '–'

type Maybe<T> = T | null | undefined

function grouped(number: string): string {
  const [whole = '', fraction] = number.split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',').replace('-', '−')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}

/** Money with two digits after the point. */
export function money(number: Maybe<string>): string {
  return number == null ? NONE : grouped(rounded(number, 2))
}

/** Money with its sign. */
export function signedMoney(number: Maybe<string>): string {
  if (number == null) return NONE
  const shown = money(number)
  return sign(number) > 0 ? `+${shown}` : shown
}

/** A price or quantity with every digit that it has. */
export function exact(number: Maybe<string>): string {
  return number == null ? NONE : grouped(number)
}

/** A measurement. */
export function measure(number: Maybe<number>, places = 2): string {
  if (number == null || !Number.isFinite(number)) return NONE
  return grouped(number.toFixed(places))
}

/** A measurement with as many digits as tell it. */
export function reading(number: Maybe<number>): string {
  if (number == null || !Number.isFinite(number)) return NONE
  const shown = Math.abs(number) >= 1000 ? number.toFixed(1) : String(Number(number.toPrecision(5)))
  return grouped(shown)
}

export function percent(number: Maybe<number>, places = 2): string {
  return number == null ? NONE : `${measure(number, places)} %`
}

/** A multiple of the planned risk. */
export function multiple(r: Maybe<number>): string {
  if (r == null) return NONE
  return `${r > 0 ? '+' : ''}${measure(r)} R`
}

/** A span in its two largest units. */
export function span(seconds: Maybe<number>): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE
  const s = Math.max(0, seconds)
  if (s < 10) return `${s.toFixed(1)} s`
  if (s < 120) return `${Math.floor(s)} s`
  if (s < 7_200) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`
  if (s < 172_800) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`
}

/** Seconds from one instant to another. */
export function since(from: Maybe<string>, to: Maybe<string>): number | null {
  if (from == null || to == null) return null
  return (Date.parse(to) - Date.parse(from)) / 1000
}

/** A stable word for people: `reduce_only` → `reduce only`. */
export function plain(word: Maybe<string>): string {
  return word == null || word === '' ? NONE : word.replaceAll('_', ' ')
}

/** Whether a number is good, bad or neither, as a class; the sign itself is always shown too. */
export function tone(number: Maybe<string>): 'good' | 'bad' | '' {
  if (number == null) return ''
  const s = sign(number)
  return s > 0 ? 'good' : s < 0 ? 'bad' : ''
}

/** An instrument without its venue, for tables; the full name is in the title beside it. */
export function short(instrument: Maybe<string>): string {
  return instrument == null ? NONE : instrument.slice(instrument.indexOf(':') + 1)
}
