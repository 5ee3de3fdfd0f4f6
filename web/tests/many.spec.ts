/** Three hundred instruments whose prices change ten times a second: the page draws what is in sight, and follows. */
import { COUNT, crowd } from './crowd'
import { expect, PHONE, test } from './stage'

test('of three hundred instruments only those in sight are drawn, and they follow', async ({ page, run, signedIn }) => {
  await crowd(page)
  await signedIn()
  await page.goto(`${run.url}/#/positions`)
  const tables = page.getByRole('table')
  const counts = async () => {
    const said = await tables.evaluateAll((all) => all.map((one) => Number(one.getAttribute('aria-rowcount')) - 1))
    return said.reduce((total, count) => total + count, 0)
  }
  await expect.poll(counts).toBe(COUNT)
  const rows = page.locator('[role=row][aria-rowindex]')
  const drawn = await rows.count()
  expect(drawn).toBeGreaterThan(5)
  expect(drawn).toBeLessThan(80)
  const first = (await rows.allTextContents()).join()
  await expect.poll(async () => (await rows.allTextContents()).join()).not.toBe(first)

  // On a phone a list that goes on below shows half of a card there.
  await page.setViewportSize(PHONE)
  const cards = tables.filter({ has: page.locator('[role=row][aria-rowindex="4"]') }).first()
  const inSight = () => cards.evaluate((list) => list.clientHeight / (list.querySelector('[aria-rowindex="2"]')?.clientHeight ?? NaN))
  await expect.poll(inSight).toBeLessThan(10)
  const cut = (await inSight()) % 1
  expect(cut).toBeGreaterThan(0.3)
  expect(cut).toBeLessThan(0.7)
})
