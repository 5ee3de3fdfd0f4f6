/** Three hundred instruments whose prices change ten times a second. */
import type { Page } from '@playwright/test'

export const COUNT = 300

/** From now on the page is told of a crowd: the run's own instruments many times over. */
export async function crowd(page: Page): Promise<void> {
  await page.routeWebSocket(/\/api\/stream/, (socket) => {
    const server = socket.connectToServer()
    let timer: ReturnType<typeof setInterval> | undefined
    server.onMessage((text) => {
      const message = JSON.parse(String(text))
      // The run's own first word, with each of its instruments many times over; afterwards only ours.
      if (message.type === 'hello') socket.send(text)
      if (message.type !== 'snapshot' || timer !== undefined) return
      const rows = Object.values<any>(message.state.positions)
      const names = Array.from({ length: COUNT }, (_, place) => `${rows[place % rows.length].instrument}-${place}`)
      message.state.positions = Object.fromEntries(names.map((instrument, place) => [instrument, { ...rows[place % rows.length], instrument }]))
      socket.send(JSON.stringify(message))
      let turn = 0
      timer = setInterval(() => {
        turn += 1
        const positions = Object.fromEntries(names.map((name, place) => [name, { last: String(100 + ((turn * 7 + place) % 50)) }]))
        socket.send(JSON.stringify({ type: 'delta', patch: { positions } }))
      }, 100)
    })
    socket.onClose(() => clearInterval(timer))
  })
}
