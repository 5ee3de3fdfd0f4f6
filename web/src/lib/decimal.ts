/**
 * Exact decimals as the API sends them: digits in a string. They are added and rounded as integers, never as
 * floats; only a picture's pixels are made of numbers.
 */

interface Parts {
  units: bigint
  scale: number
}

function parse(text: string): Parts {
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = text.replace(/^[+-]/, '').split('.')
  const units = BigInt(whole + fraction)
  return { units: negative ? -units : units, scale: fraction.length }
}

function scaled({ units, scale }: Parts, to: number): bigint {
  return units * 10n ** BigInt(to - scale)
}

function text({ units, scale }: Parts): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const cut = digits.length - scale
  const sign = units < 0n ? '-' : ''
  return sign + digits.slice(0, cut) + (scale > 0 ? `.${digits.slice(cut)}` : '')
}

/** The exact sum. */
export function sum(numbers: Iterable<string>): string {
  let total: Parts = { units: 0n, scale: 0 }
  for (const number of numbers) {
    const part = parse(number)
    const scale = Math.max(total.scale, part.scale)
    total = { units: scaled(total, scale) + scaled(part, scale), scale }
  }
  return text(total)
}

/** −1, 0 or 1. */
export function sign(number: string): -1 | 0 | 1 {
  const { units } = parse(number)
  return units < 0n ? -1 : units > 0n ? 1 : 0
}

/** −1, 0 or 1, as `a` is below, at or above `b`. */
export function compare(a: string, b: string): -1 | 0 | 1 {
  return sign(sum([a, negated(b)]))
}

export function negated(number: string): string {
  const { units, scale } = parse(number)
  return text({ units: -units, scale })
}

/** Without a sign. */
export function magnitude(number: string): string {
  return number.replace(/^[+-]/, '')
}

/** Rounded to `places` digits after the point, half away from zero; filled up with zeros. */
export function rounded(number: string, places: number): string {
  const part = parse(number)
  if (part.scale <= places) return text({ units: scaled(part, places), scale: places })
  const unit = 10n ** BigInt(part.scale - places)
  const half = part.units < 0n ? -(unit / 2n) : unit / 2n
  return text({ units: (part.units + half) / unit, scale: places })
}

/** `part` of `whole` as a share for a bar or a percentage; null without a whole. */
export function share(part: string, whole: string): number | null {
  const [a, b] = [parse(part), parse(whole)]
  const scale = Math.max(a.scale, b.scale)
  const divisor = scaled(b, scale)
  return divisor === 0n ? null : Number((scaled(a, scale) * 1_000_000n) / divisor) / 1_000_000
}
