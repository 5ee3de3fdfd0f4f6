/**
 * The run as it is told: one stream for the whole page.
 *
 * Invariants: events come once each and in order, or `epoch` grows and whoever shows the past reads it anew;
 * what is shown as current was heard within [`STALE_AFTER_MS`], or `stale` says since when it was not.
 */
import { api, keep, take, type Event, type Position, type Status, type StreamMessage } from '../api/client'
import { merged } from './patch'

/** Silence after which what is shown is called stale. */
const STALE_AFTER_MS = 4_000
/** Silence after which the run is asked whether it still lives. */
const ASK_AFTER_MS = 2_000
/** Waits between attempts to connect. */
const BACKOFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000]
/** Events that are kept. */
const EVENTS_MAX = 500

/** An event with its number. */
export interface Told {
  seq: number
  at: string
  event: Event
}

interface State {
  status: Status
  positions: Record<string, Position>
}

class Live {
  link = $state<'connecting' | 'open' | 'lost'>('connecting')
  #state = $state.raw<State | null>(null)
  status = $derived(this.#state?.status ?? null)
  positions = $derived(this.#state?.positions ?? {})
  /** The newest events of this page, newest first. */
  events = $state.raw<Told[]>([])
  /** Events that were told, by kind: whoever lists them reads them again when it grows. */
  told = $state.raw<Partial<Record<Event['kind'], number>>>({})
  /** Grows when something was missed. */
  epoch = $state(0)
  /** Why the run is stale although it answers. */
  cause = $state('')

  #heard = $state(0)
  #now = $state(performance.now())
  #silence = $derived(this.#now - this.#heard)
  /** Seconds since the run was heard, where that is too long ago; null while what is shown is current. */
  stale = $derived(
    this.#heard === 0 || this.#silence < STALE_AFTER_MS ? null : Math.floor(this.#silence / 1_000),
  )

  #socket: WebSocket | null = null
  #stream = ''
  #seq = 0
  #attempt = 0
  #wait: ReturnType<typeof setTimeout> | undefined
  #clock: ReturnType<typeof setInterval> | undefined
  #asking = false
  #refused: () => void = () => undefined

  /** Begins; `refused` is called when the session may be over. */
  start(refused: () => void): void {
    this.#refused = refused
    if (this.#clock !== undefined) return
    this.#clock = setInterval(() => this.#tick(), 500)
    this.#connect()
  }

  stop(): void {
    clearInterval(this.#clock)
    clearTimeout(this.#wait)
    this.#clock = undefined
    this.#socket?.close()
    this.#socket = null
    this.#state = null
    this.#heard = 0
    this.#stream = ''
    this.events = []
    this.link = 'connecting'
  }

  #connect(): void {
    const address = new URL('/api/stream', location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    if (this.#stream) {
      address.searchParams.set('stream', this.#stream)
      address.searchParams.set('after', String(this.#seq))
    }
    const socket = new WebSocket(address)
    this.#socket = socket
    socket.onmessage = (message: MessageEvent<string>) => {
      if (this.#socket === socket) this.#take(JSON.parse(message.data) as StreamMessage)
    }
    socket.onclose = () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.link = 'lost'
      const wait = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 15_000
      this.#attempt += 1
      // Half of the wait by chance, so that many pages do not come back at once.
      this.#wait = setTimeout(() => this.#again(), wait / 2 + (Math.random() * wait) / 2)
    }
  }

  /** A socket says nothing of why it was refused, so the session is asked about first. */
  #again(): void {
    api.GET('/api/session').then(
      ({ data, response }) => {
        if (data) keep(data)
        if (response.status === 401) this.#refused()
        else this.#connect()
      },
      () => this.#connect(),
    )
  }

  #take(message: StreamMessage): void {
    this.#heard = performance.now()
    this.cause = ''
    switch (message.type) {
      case 'hello':
        this.#attempt = 0
        this.link = 'open'
        this.#stream = message.stream
        this.#seq = message.seq
        break
      case 'missed':
        this.#seq = message.newest
        this.epoch += 1
        break
      case 'snapshot':
        this.#state = message.state
        break
      case 'delta':
        if (this.#state) this.#state = merged(this.#state, message.patch) as State
        break
      case 'heartbeat':
        break
      case 'event': {
        const { seq, at, event } = message
        this.#seq = seq
        this.events = [{ seq, at, event }, ...this.events].slice(0, EVENTS_MAX)
        this.told = { ...this.told, [event.kind]: (this.told[event.kind] ?? 0) + 1 }
        break
      }
    }
  }

  #tick(): void {
    this.#now = performance.now()
    if (this.#heard === 0 || this.#silence < ASK_AFTER_MS || this.#asking) return
    this.#asking = true
    void this.#ask().finally(() => (this.#asking = false))
  }

  /**
   * A run in which nothing changes has nothing to say: a silent stream is current while the run lives. Without
   * a stream the status is read, so that a page behind a proxy without WebSockets is slower, not blind.
   */
  async #ask(): Promise<void> {
    try {
      const alive = await fetch('/livez', { signal: AbortSignal.timeout(3_000) })
      if (!alive.ok) {
        this.cause = 'the engine hangs'
        return
      }
      if (this.link !== 'open') {
        const [status, positions] = await Promise.all([
          api.GET('/api/status').then(take),
          api.GET('/api/positions', { params: { query: { all: true } } }).then(take),
        ])
        this.#state = { status, positions: Object.fromEntries(positions.positions.map((row) => [row.instrument, row])) }
      }
      this.#heard = performance.now()
      this.cause = ''
    } catch {
      this.cause = 'the run does not answer'
    }
  }
}

export const live = new Live()
