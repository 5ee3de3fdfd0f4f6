/** A page that loses its stream misses nothing. */
import { expect, test } from './stage'

test('a stream that breaks goes on after the last event, without a hole and without one twice', async ({ page, run, signedIn }) => {
  const cut: (() => Promise<void>)[] = []
  await page.routeWebSocket(/\/api\/stream/, (socket) => {
    const server = socket.connectToServer()
    cut.push(async () => {
      await socket.close()
      await server.close()
    })
  })
  await signedIn()
  await page.goto(`${run.url}/#/health`)
  const numbers = async () => {
    const cells = page.getByRole('table', { name: 'Events' }).locator('[role=row][aria-rowindex] [role=cell]:first-child')
    return (await cells.allTextContents()).map(Number)
  }
  await expect.poll(async () => (await numbers()).length, { timeout: 30_000 }).toBeGreaterThan(3)
  const [newest = 0] = await numbers()
  await cut[0]?.()
  await expect.poll(async () => (await numbers())[0], { timeout: 30_000 }).toBeGreaterThan(newest + 3)
  expect(cut.length).toBeGreaterThan(1)
  const seen = await numbers()
  expect(seen).toEqual(seen.map((_, place) => (seen[0] ?? 0) - place))
})
