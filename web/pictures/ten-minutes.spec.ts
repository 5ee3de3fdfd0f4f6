/** The pictures of docs/ten-minutes.md, in the order in which a newcomer sees them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { expect, strike, test } from '../tests/stage'

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))

/** Packs a picture as WebP, which is a third of its size, by the browser itself. */
async function keep(page: Page, name: string): Promise<void> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 200))))
  const png = (await page.screenshot()).toString('base64')
  const packer = await page.context().newPage()
  const webp = await packer.evaluate(async (data) => {
    const image = new Image()
    image.src = `data:image/png;base64,${data}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.width
    canvas.height = image.height
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    return canvas.toDataURL('image/webp', 0.75)
  }, png)
  await packer.close()
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(`${FOLDER}${name}.webp`, Buffer.from(webp.slice(webp.indexOf(',') + 1), 'base64'))
}

test('a newcomer’s ten minutes', async ({ run, signedIn }) => {
  const page = await signedIn()
  const go = (screen: string) => page.goto(`${run.url}/#/${screen}`)

  await expect.poll(async () => (await run.ask('/api/trades?limit=50')).rows.filter((row: any) => row.closed_at).length, { timeout: 150_000 }).toBeGreaterThan(3)
  await go('overview')
  await expect(page.locator('canvas').first()).toBeVisible()
  await keep(page, 'overview')

  await go('positions')
  await expect(page.getByRole('table', { name: 'Positions' })).toContainText('✓')
  await keep(page, 'positions')

  const { positions } = await run.ask('/api/positions')
  const held = positions.find((row: any) => row.protected && row.stop) ?? positions[0]
  await go(`chart?instrument=${encodeURIComponent(held.instrument)}`)
  await expect(page.getByTestId('candles')).toBeVisible()
  await expect(page.getByRole('table', { name: 'Structure on the chart' })).toContainText('Known at')
  await keep(page, 'chart')

  await go('decisions')
  await page.getByRole('grid').locator('td button').last().click()
  await expect(page.getByRole('dialog')).toContainText('Gates in the order they were asked')
  await keep(page, 'why')
  await page.keyboard.press('Escape')

  for (const [button, name] of [['Cut the network', 'network'], ['Reject my stop', 'stop']] as const) {
    await go('positions')
    await strike(page, run, button)
    await page.waitForTimeout(1_500)
    await keep(page, `${name}-broken`)
    await expect(page.getByTestId('drill')).toContainText('✓ Over', { timeout: 60_000 })
    await keep(page, `${name}-mended`)
  }
})
