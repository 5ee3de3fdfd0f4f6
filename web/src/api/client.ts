/**
 * The API, typed by its own document. A session's word against forgery goes with every write; where another
 * tab has taken a new one, ours is renewed once and the write sent again.
 */
import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Status = Schemas['StatusBody']
export type Position = Schemas['PositionBody']
export type Order = Schemas['OrderBody']
export type Fill = Schemas['FillBody']
export type Trade = Schemas['TradeBody']
export type Decision = Schemas['DecisionBody']
export type Alert = Schemas['AlertBody']
export type Command = Schemas['Command']
export type Problem = Schemas['ErrorBody']
export type Session = Schemas['SessionBody']
export type StreamMessage = Schemas['StreamMessage']
export type Event = Schemas['EventBody']

export const api = createClient<paths>({ baseUrl: location.origin })

let csrf = ''

/** Keeps the word that a session has given. */
export function keep(session: Session): void {
  csrf = session.csrf ?? ''
}

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && csrf !== '') request.headers.set('x-csrf-token', csrf)
    return request
  },
})

/** What an answer of `openapi-fetch` is. */
export interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** An answer that was not the one asked for, in the API's own words. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fix: string,
  ) {
    super(message)
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

/** The data of an answer, or what the API says is wrong. */
export function take<T>(answer: Answer<T>): T {
  if (answer.response.ok && answer.data !== undefined) return answer.data
  const { status } = answer.response
  if (isProblem(answer.error)) throw new Failure(status, answer.error.code, answer.error.message, answer.error.fix)
  throw new Failure(status, 'unreadable', `the answer (${status}) could not be read`, 'load the page again')
}

/** Words for anything that went wrong. */
export function words(error: unknown): string {
  if (error instanceof Failure) return `${error.message} — ${error.fix}`
  if (error instanceof TypeError) return 'the run does not answer'
  return error instanceof Error ? error.message : String(error)
}

/** Sends a write; renews the word against forgery once where it is over. */
export async function write<T>(send: () => Promise<Answer<T>>): Promise<T> {
  const first = await send()
  if (first.response.status === 403 && isProblem(first.error) && first.error.code === 'csrf') {
    keep(take(await api.GET('/api/session')))
    return take(await send())
  }
  return take(first)
}
