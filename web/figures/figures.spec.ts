/** How quick the dashboard is: medians, for people to read. Nothing here passes or fails by them. */
import { COUNT, crowd } from '../tests/crowd'
import { expect, test } from '../tests/stage'

const ROUNDS = 9

/** In the middle, and the most. */
function told(name: string, measured: number[]): void {
  const sorted = [...measured].sort((a, b) => a - b)
  const [half, most] = [sorted[sorted.length >> 1] ?? NaN, sorted.at(-1) ?? NaN]
  console.log(`${name}: median ${half.toFixed(0)} ms, most ${most.toFixed(0)} ms, of ${sorted.length}`)
}

test('first contentful paint', async ({ browser, run }) => {
  for (const signed of [false, true]) {
    const paints: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const context = await browser.newContext()
      const page = await context.newPage()
      if (signed) {
        await page.goto(run.url)
        await page.getByLabel('Token').fill(run.operator)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await expect(page.getByTestId('run-mode')).toContainText('demo')
      }
      await page.goto(`${run.url}/?${round}`)
      await expect(signed ? page.getByTestId('run-mode') : page.getByLabel('Token')).toBeVisible()
      paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN))
      await context.close()
    }
    told(`first contentful paint, signed ${signed ? 'in, the second time' : 'out, nothing cached'}`, paints)
  }
})

test('frames while three hundred instruments move', async ({ page, run, signedIn }) => {
  await crowd(page)
  await signedIn()
  await page.goto(`${run.url}/#/positions`)
  await expect(page.locator('[role=row][aria-rowindex]').nth(10)).toBeVisible()
  const frames = await page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const gaps: number[] = []
        const started = performance.now()
        let last = started
        const frame = (now: number) => {
          gaps.push(now - last)
          last = now
          if (now - started < 5_000) requestAnimationFrame(frame)
          else done(gaps)
        }
        requestAnimationFrame(frame)
      }),
  )
  told(`a frame with ${COUNT} instruments`, frames)
})
