/** What an operator is about to do: one command at a time, looked at before it is done. */
import { api, write, words, type Command, type Schemas } from '../api/client'

export type Preview = Schemas['PreviewBody']
export type Done = Schemas['DoneBody']

/** What a command about one position is about. */
export interface About {
  instrument?: string
  /** A new price, of the venue's ticks. */
  price?: string
  /** How much, of the venue's lots. */
  qty?: string
  /** Number of a take-profit. */
  target?: number
}

/** What can be chosen, with what it is for. */
export const COMMANDS: Record<Command, { name: string; does: string; danger: boolean }> = {
  pause: { name: 'Pause', does: 'No new risk; positions may only become smaller.', danger: false },
  resume: { name: 'Resume', does: 'New risk again.', danger: false },
  cautious: { name: 'Cautious', does: 'New risk at half size.', danger: false },
  protect_only: { name: 'Protect only', does: 'Only protective orders and emergency exits.', danger: false },
  flatten: { name: 'Flatten', does: 'Close everything.', danger: true },
  close: { name: 'Close position', does: 'Close the position of one instrument.', danger: true },
  reduce: { name: 'Reduce', does: 'Close a part of the position of one instrument.', danger: true },
  move_stop: { name: 'Move stop', does: 'Move the stop of one position, in its favour.', danger: false },
  move_target: { name: 'Move target', does: 'Move a take-profit of one position.', danger: false },
  break_even: { name: 'Break even', does: 'Move the stop of one position to its entry.', danger: false },
  adopt: { name: 'Adopt', does: 'Protect and manage a position that was found and left alone.', danger: false },
  ignore: { name: 'Leave alone', does: 'Leave a found position alone; our stop of it is cancelled.', danger: true },
  kill: { name: 'Kill', does: 'No entries in any run on this data folder; protection stays.', danger: true },
  kill_and_flatten: { name: 'Kill and flatten', does: 'The kill switch, and close everything.', danger: true },
  release: { name: 'Release the kill switch', does: 'Off again, back to mode normal.', danger: false },
}

class Asked {
  command = $state<Command | null>(null)
  about = $state.raw<About>({})
  preview = $state.raw<Preview | null>(null)
  done = $state.raw<Done | null>(null)
  error = $state('')
  busy = $state(false)
  /** What may be chosen where the command is not decided yet. */
  choices = $state.raw<Command[]>([])

  /** Opens the window with a choice. */
  choose(choices: Command[]): void {
    this.close()
    this.choices = choices
  }

  /** Looks at what a command would do. */
  async look(command: Command, about: About = {}): Promise<void> {
    this.command = command
    this.about = about
    this.preview = null
    this.done = null
    this.error = ''
    this.busy = true
    try {
      this.preview = await write(() => api.POST('/api/commands/preview', { body: { command, ...about, why: '' } }))
    } catch (error) {
      this.error = words(error)
    }
    this.busy = false
  }

  /** Does it. */
  async act(why: string): Promise<void> {
    const { command, about, preview } = this
    if (!command || !preview) return
    this.busy = true
    this.error = ''
    const body = { command, ...about, why, confirmation: preview.confirmation ?? null }
    try {
      this.done = await write(() => api.POST('/api/commands', { body }))
    } catch (error) {
      this.error = words(error)
    }
    this.busy = false
  }

  close(): void {
    this.command = null
    this.about = {}
    this.preview = null
    this.done = null
    this.error = ''
    this.choices = []
  }

  isOpen = $derived(this.command !== null || this.choices.length > 0)
}

export const asked = new Asked()
