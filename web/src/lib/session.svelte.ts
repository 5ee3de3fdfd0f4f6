/** Who is signed in. */
import { api, Failure, keep, take, write, type Session } from '../api/client'
import { live } from './live.svelte'

class SignedIn {
  /** Not known yet, nobody, or who. */
  state = $state<'asking' | 'nobody' | 'somebody'>('asking')
  role = $state<Session['role']>('viewer')
  tokenId = $state('')
  mayWrite = $derived(this.state === 'somebody' && this.role === 'operator')

  /** Asks whether there is a session; tries again until the run answers. */
  async resume(): Promise<void> {
    try {
      this.#begin(take(await api.GET('/api/session')))
    } catch (error) {
      if (error instanceof Failure && error.status === 401) this.#nobody()
      else setTimeout(() => void this.resume(), 2_000)
    }
  }

  async signIn(token: string): Promise<void> {
    this.#begin(take(await api.POST('/api/session', { body: { token } })))
  }

  async signOut(): Promise<void> {
    await write(async () => {
      const answer = await api.DELETE('/api/session')
      return { ...answer, data: answer.response.ok ? true : undefined }
    }).catch(() => undefined)
    this.#nobody()
  }

  #begin(session: Session): void {
    keep(session)
    this.role = session.role
    this.tokenId = session.token_id
    this.state = 'somebody'
    live.start(() => void this.resume())
  }

  #nobody(): void {
    live.stop()
    this.state = 'nobody'
  }
}

export const session = new SignedIn()
