/**
 * Something read from the API by a screen, and read again when events say that it has changed. What was read
 * before stays until the new answer is there; an error says since when it is old.
 */
import { words } from '../api/client'
import type { Event } from '../api/client'
import { live } from './live.svelte'

/** Time that must lie between two readings that events ask for. */
const CALM_MS = 1_500

export class Rest<T> {
  data = $state.raw<T | null>(null)
  error = $state('')
  loading = $state(false)
  /** When it was read, by this machine's clock. */
  readAt = $state<string | null>(null)
  #turn = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastAsked = 0

  /**
   * Reads by `ask`, again when something that it uses changes, when one of `kinds` is told, and each `everyMs`,
   * which may depend on what was read.
   */
  constructor(ask: () => Promise<T>, kinds: Event['kind'][] = [], everyMs: number | (() => number) = 0) {
    const pause = $derived(typeof everyMs === 'number' ? everyMs : everyMs())
    let told = -1
    $effect(() => {
      void live.epoch
      this.#read(ask)
    })
    $effect(() => {
      const now = kinds.reduce((count, kind) => count + (live.told[kind] ?? 0), 0)
      if (told >= 0 && now !== told) this.#soon(ask)
      told = now
    })
    $effect(() => {
      const timer = pause > 0 ? setInterval(() => this.#read(ask), pause) : undefined
      return () => clearInterval(timer)
    })
    $effect(() => () => {
      clearTimeout(this.#timer)
      this.#turn += 1
    })
  }

  #soon(ask: () => Promise<T>): void {
    if (this.#timer !== undefined) return
    const wait = Math.max(100, this.#lastAsked + CALM_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#read(ask)
    }, wait)
  }

  #read(ask: () => Promise<T>): void {
    const turn = (this.#turn += 1)
    this.#lastAsked = performance.now()
    this.loading = true
    ask().then(
      (data) => {
        if (turn !== this.#turn) return
        this.data = data
        this.error = ''
        this.loading = false
        this.readAt = new Date().toISOString()
      },
      (error: unknown) => {
        if (turn !== this.#turn) return
        this.error = words(error)
        this.loading = false
      },
    )
  }
}
