/** Backtests: real ones on the run's own candles, and what a demo is too quick to show, played. */
import type { Page } from '@playwright/test'
import { DESK, expect, grave, PHONE, picture, test } from './stage'

const table = (page: Page) => page.getByRole('table', { name: 'Backtests' })

/** Looked at in both themes and sizes. */
async function looked(page: Page, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    expect(await grave(page)).toEqual([])
    await picture(page, `${name}-desk-${theme}`)
    await page.setViewportSize(PHONE)
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(over).toBe(0)
    await picture(page, `${name}-phone-${theme}`, true)
    await page.setViewportSize(DESK)
  }
}

test('two backtests on the candles of the run: to their end, the report, side by side, removed', async ({ run, signedIn }) => {
  test.setTimeout(150_000)
  const page = await signedIn()
  await page.goto(`${run.url}/#/backtests`)
  const { series } = await run.ask('/api/backtests/data')
  /** Later than the first candle, to the minute, in UTC. */
  const later = new Date(Date.parse(series[0].from) + 100 * 60_000).toISOString().slice(0, 16)
  const ids: number[] = []
  for (const stop of ['1', '4']) {
    await page.getByRole('button', { name: 'New backtest…' }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByRole('button', { name: 'Start' })).toBeDisabled()
    await dialog.getByRole('checkbox').first().check()
    await dialog.getByLabel('Strategy').selectOption('ema_cross')
    await dialog.getByLabel(/^Changed keys/).fill('stop_pct 1')
    await expect(dialog).toContainText('is not of the form key=value')
    await dialog.getByLabel(/^Changed keys/).fill(`strategy.ema_cross.stop_pct=${stop}`)
    await dialog.getByLabel('What it is for').fill(`stop at ${stop} %`)
    if (ids.length === 0) await looked(page, 'backtests-form')
    else await dialog.getByLabel('From (UTC)').fill(later)
    await dialog.getByRole('button', { name: 'Start' }).click()
    const told = page.getByRole('status').filter({ hasText: 'is started' })
    await expect(told).toBeVisible()
    const id = Number(/#(\d+)/.exec(await told.innerText())?.[1])
    ids.push(id)
    const row = table(page).getByRole('row').filter({ hasText: `#${id}` })
    await expect(row).toContainText('✓ done', { timeout: 60_000 })
    const { summary, who } = await run.ask(`/api/backtests/${id}`)
    await expect(row).toContainText(who)
    await expect(row.locator('[data-label=Trades]')).toHaveText(String(summary.trades))
    await expect(row.locator('[data-label="Max drawdown"]')).toHaveText(`${summary.underwater_max_pct.toFixed(2)} %`)
  }

  const opening = page.context().waitForEvent('page')
  await page.getByRole('link', { name: `Report of #${ids[0]}, in a new tab` }).click()
  const report = await opening
  await expect(report).toHaveURL(`${run.url}/api/backtests/${ids[0]}/report`)
  await expect(report.locator('h1')).toBeVisible()
  expect(await report.evaluate(() => window.opener)).toBeNull()
  await picture(report, 'backtests-report-desk-light')
  await report.close()

  for (const id of ids) await page.getByLabel(`Compare #${id}`).check()
  const compared = page.getByRole('region', { name: 'Compared' })
  const line = (name: string) => compared.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  await expect(line('strategy.ema_cross.stop_pct').getByRole('cell')).toHaveText(['4', '1'])
  await expect(line('From').getByRole('cell')).toHaveText([later.replace('T', ' '), 'the first'])
  await expect(line('For').getByRole('cell')).toHaveText(['stop at 4 %', 'stop at 1 %'])
  const made = await Promise.all(ids.map((id) => run.ask(`/api/backtests/${id}`)))
  await expect(line('Trades').getByRole('cell')).toHaveText(made.toReversed().map((one) => String(one.summary.trades)))
  expect(made[1].summary.candles).toBeLessThan(made[0].summary.candles - 80)
  await looked(page, 'backtests-compared')
  await compared.getByLabel('only what differs').check()
  await expect(line('Strategy')).toHaveCount(0)
  await expect(line('strategy.ema_cross.stop_pct')).toBeVisible()

  for (const id of ids) {
    await page.getByRole('button', { name: `Remove #${id}` }).click()
    await expect(page.getByRole('dialog')).toContainText('with its result and its report')
    await page.getByRole('button', { name: 'Remove it now' }).click()
    await expect(page.getByRole('status').filter({ hasText: `#${id} is removed` })).toBeVisible()
    await expect(table(page).getByRole('row').filter({ hasText: `#${id}` })).toHaveCount(0)
    expect((await run.ask(`/api/backtests/${id}`)).code).toBe('not_found')
  }
})

const at = '2026-07-01T10:00:00Z'
const one = { id: 7, state: 'running', who: 'token 1a2b', at, note: 'a long one', candles: ['BTC/USDT@5m'], strategy: null, from: null, to: null, set: [], progress: 0.25, ended_at: null, problem: null, summary: null }

test('one at work shows how far it is, keeps others from starting, and is cancelled after a question', async ({ page, run, signedIn }) => {
  let now: typeof one & { state: string } = one
  const sent: string[] = []
  await page.route('**/api/backtests', (route) => route.fulfill({ json: { can_start: true, backtests: [now] } }))
  await page.route('**/api/backtests/7', (route) => {
    if (route.request().method() === 'GET') return route.fulfill({ json: now })
    sent.push(`${route.request().method()} ${route.request().headers()['x-csrf-token'] ? 'with' : 'without'} its word`)
    now = { ...now, state: 'cancelled' }
    return route.fulfill({ status: 204 })
  })
  await signedIn()
  await page.goto(`${run.url}/#/backtests`)
  const meter = page.getByRole('meter', { name: 'Progress of #7' })
  await expect(meter).toHaveAttribute('aria-valuenow', '25')
  now = { ...now, progress: 0.5 }
  await expect(meter).toHaveAttribute('aria-valuenow', '50', { timeout: 5_000 })
  await expect(page.getByRole('button', { name: 'New backtest…' })).toBeDisabled()
  await picture(page, 'backtests-running-desk-light')
  await page.getByRole('button', { name: 'Cancel #7' }).click()
  await expect(page.getByRole('dialog')).toContainText('no figures and no report')
  expect(sent).toEqual([])
  await page.getByRole('button', { name: 'Cancel it now' }).click()
  await expect(table(page)).toContainText('• cancelled')
  expect(sent).toEqual(['DELETE with its word'])
})

test('one that ends while it is about to be cancelled is not removed', async ({ page, run, signedIn }) => {
  let listed = 'running'
  await page.route('**/api/backtests', (route) => route.fulfill({ json: { can_start: true, backtests: [{ ...one, state: listed }] } }))
  await page.route('**/api/backtests/7', (route) => {
    expect(route.request().method()).toBe('GET')
    listed = 'done'
    return route.fulfill({ json: { ...one, state: 'done' } })
  })
  await signedIn()
  await page.goto(`${run.url}/#/backtests`)
  await page.getByRole('button', { name: 'Cancel #7' }).click()
  await page.getByRole('button', { name: 'Cancel it now' }).click()
  await expect(page.getByRole('alert')).toContainText('come to its end meanwhile: done')
  await page.getByRole('button', { name: 'Leave it' }).click()
  await expect(table(page)).toContainText('✓ done')
})

test('where there is nothing it says what to do, and a viewer starts nothing', async ({ page, run, signedIn }) => {
  let can_start = true
  await page.route('**/api/backtests', (route) => route.fulfill({ json: { can_start, backtests: [] } }))
  await page.route('**/api/backtests/data', (route) => route.fulfill({ json: { series: [] } }))
  await signedIn()
  await page.goto(`${run.url}/#/backtests`)
  await expect(page.locator('main')).toContainText('seawall data import')
  await picture(page, 'backtests-empty-desk-light')
  await page.getByRole('button', { name: 'New backtest…' }).click()
  await expect(page.getByRole('dialog')).toContainText('There are none to test on yet')
  await expect(page.getByRole('button', { name: 'Start' })).toBeDisabled()
  await page.keyboard.press('Escape')
  can_start = false
  await page.reload()
  await expect(page.locator('main')).toContainText('use seawall backtest')
  await expect(page.getByRole('button', { name: 'New backtest…' })).toBeDisabled()
  can_start = true
  await page.getByRole('button', { name: 'Sign out' }).click()
  await signedIn('viewer')
  await page.goto(`${run.url}/#/backtests`)
  await expect(page.getByRole('button', { name: 'New backtest…' })).toHaveAttribute('title', 'A viewer changes nothing')
})
