/** Each screen shows what the engine has, is fit for everybody's hands, and fits on a phone. */
import type { Page } from '@playwright/test'
import { DESK, expect, grave, PHONE, picture, test, type Run } from './stage'

test.describe.configure({ mode: 'parallel' })

const SCREENS = {
  overview: async ({ page }) => expect(page.locator('canvas').first()).toBeVisible(),
  positions: async ({ page, run }) => {
    const { positions } = await run.ask('/api/positions')
    if (positions.length > 0) await expect(page.getByText(positions[0].instrument.replace('kraken-futures:', '')).first()).toBeVisible()
    const count = await run.ask('/api/positions?all=true')
    await expect(page.locator('[role=row][aria-rowindex]:not([aria-rowindex="1"])')).toHaveCount(count.positions.length)
  },
  chart: async ({ page }) => expect(page.getByRole('table', { name: 'Structure on the chart' }).getByRole('row').nth(1)).toBeVisible(),
  orders: async ({ page, run }) => {
    const { rows } = await run.ask('/api/orders')
    await expect(page.getByRole('table', { name: 'Orders in their latest state' })).toContainText(rows.at(-1).client_order_id)
  },
  decisions: async ({ page }) => expect(page.getByRole('grid').getByRole('button').nth(10)).toBeVisible(),
  trades: async ({ page, run }) => {
    const { rows } = await run.ask('/api/trades')
    if (rows.length > 0) await expect(page.getByRole('table', { name: 'Trades' })).toContainText(`#${rows.at(-1).id}`)
  },
  risk: async ({ page, run }) => {
    const { limits } = await run.ask('/api/risk')
    for (const limit of limits) await expect(page.getByText(limit.key, { exact: true })).toBeVisible()
  },
  health: async ({ page, run }) => {
    const { components } = await run.ask('/health')
    for (const { name } of components) await expect(page.getByRole('cell', { name: name.replaceAll('_', ' '), exact: true })).toBeVisible()
    const { latencies } = await run.ask('/api/figures')
    for (const { name } of latencies) await expect(page.getByRole('cell', { name: name.replaceAll('_', ' '), exact: true })).toBeVisible()
  },
  alerts: async ({ page, run }) => {
    const { rows } = await run.ask('/api/alerts')
    await expect(page.getByRole('table', { name: 'Alerts' })).toContainText(rows.at(-1).kind.replaceAll('_', ' '))
    await expect(page.getByText('Nobody is told')).toBeVisible()
  },
  incidents: async ({ page, run }) => {
    const { incidents } = await run.ask('/api/incidents')
    await expect(page.getByRole('table', { name: 'Incidents' })).toContainText(incidents.at(-1).kind.replaceAll('_', ' '))
  },
  logs: async ({ page, run }) => {
    const { lines } = await run.ask('/api/logs?level=debug')
    await expect(page.getByRole('table', { name: 'Log' })).toContainText(lines.at(-1)?.target ?? '')
  },
  backtests: async ({ page, run }) => {
    const { series } = await run.ask('/api/backtests/data')
    const { instrument, timeframe, source } = series[0]
    const table = page.getByRole('table', { name: 'Backtests' })
    for (const [stop_pct, end] of [['2', '✓ done'], ['two', '✕ failed']]) {
      const { id } = await run.tell('/api/backtests', {
        candles: [{ instrument, timeframe, source }],
        strategy: 'ema_cross',
        set: { 'strategy.ema_cross.stop_pct': stop_pct, 'backtest.initial_equity': '5000' },
        note: 'a look at the stop',
      })
      await page.reload()
      const row = table.getByRole('row').filter({ hasText: `#${id}` })
      await expect(row).toContainText(end ?? '', { timeout: 60_000 })
      await expect(row).toContainText(`strategy.ema_cross.stop_pct=${stop_pct}`)
    }
  },
  config: async ({ page }) => expect(page.getByRole('table', { name: 'Settings' })).toContainText('strategy.ema_cross.fast'),
} satisfies Record<string, (on: { page: Page; run: Run }) => Promise<void>>

for (const [screen, shows] of Object.entries(SCREENS)) {
  test(`${screen} shows what the engine has, in both themes, on a desk and on a phone`, async ({ run, signedIn }) => {
    const page = await signedIn()
    await page.goto(`${run.url}/#/${screen}`)
    await shows({ page, run })
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
      // Only colours differ between the themes.
      expect(await grave(page, theme === 'light' ? undefined : ['color-contrast'])).toEqual([])
      await picture(page, `${screen}-desk-${theme}`)
      await page.setViewportSize(PHONE)
      await picture(page, `${screen}-phone-${theme}`, true)
      await page.setViewportSize(DESK)
    }
    for (const width of [360, 1600]) {
      await page.setViewportSize({ width, height: 800 })
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      expect(over, `at ${width} pixels`).toBe(0)
    }
  })
}

test('a cell of the matrix opens its decision gate by gate', async ({ run, signedIn }) => {
  const page = await signedIn()
  await page.goto(`${run.url}/#/decisions`)
  await page.getByRole('grid').locator('td button').last().click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('Gates in the order they were asked')
  await expect(dialog.locator('.gates tbody tr').first()).toContainText(/pass|fail|shadow/)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
})

test('the time zone is switched for every instant, and a reload remembers it', async ({ browser, run }) => {
  const context = await browser.newContext({ timezoneId: 'Asia/Tokyo' })
  const page = await context.newPage()
  await page.goto(run.url)
  await page.getByLabel('Token').fill(run.operator)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.goto(`${run.url}/#/positions`)
  await expect(page.locator('main')).toContainText('UTC')
  await page.getByLabel('Time zone').selectOption('local')
  await expect(page.locator('main')).toContainText('Asia/Tokyo')
  await page.reload()
  await expect(page.locator('main')).toContainText('Asia/Tokyo')
  await context.close()
})

test('what Prometheus reads has the queues and rate limits that the screen of health shows', async ({ run }) => {
  const text = await (await fetch(`${run.url}/metrics`, { headers: { authorization: `Bearer ${run.viewer}` } })).text()
  const { queues, budgets } = await run.ask('/api/figures')
  expect(queues.length * budgets.length).toBeGreaterThan(0)
  for (const { name, bound } of queues) {
    expect(text).toMatch(new RegExp(`seawall_queue_waiting\\{queue="${name}"\\} \\d`))
    expect(text).toContain(`seawall_queue_bound{queue="${name}"} ${bound}.0`)
  }
  for (const { pool, limit, reserve } of budgets) {
    expect(text).toMatch(new RegExp(`seawall_rate_budget_used\\{pool="${pool}"\\} \\d`))
    expect(text).toContain(`seawall_rate_budget_limit{pool="${pool}"} ${limit}.0`)
    expect(text).toContain(`seawall_rate_budget_reserve{pool="${pool}"} ${reserve}.0`)
  }
})
