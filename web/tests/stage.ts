/** A running demo with its dashboard, and pages that are signed in to it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type Page } from '@playwright/test'

/** The demo would stop entering after a day's losses, which at its pace come within minutes: tests need positions. */
const PATIENT = ['risk.daily_loss_max_pct=50', 'risk.weekly_loss_max_pct=75', 'risk.loss_streak.other_losses=off']

const BINARY = process.env.SEAWALL_BIN ?? fileURLToPath(new URL('../../target/debug/seawall', import.meta.url))

/** Sizes of the pictures. */
export const DESK = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

/** A picture for people to look at, once everything is drawn. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 100))))
  const path = fileURLToPath(new URL(`../../target/web/pictures/${name}.png`, import.meta.url))
  await page.screenshot({ path, fullPage })
}

/** Violations that keep somebody out, in one line each. */
export async function grave(page: Page, rules?: string[]): Promise<string[]> {
  // Colours on their way from one theme to the other are neither's.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))))
  // One frame, and only what is wrong: the rest would take most of the time.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze()
  const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
  return serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

export interface Run {
  url: string
  operator: string
  viewer: string
  process: ChildProcess
  /** Asks the API as the operator. */
  ask: (path: string) => Promise<any>
  /** Tells it something, as the operator. */
  tell: (path: string, body: unknown) => Promise<any>
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function token(folder: string, role: string): string {
  const made = spawnSync(BINARY, ['api', 'token', '--role', role, '--data-dir', folder], { encoding: 'utf8' })
  const found = /swt_[0-9a-f_]+/.exec(made.stdout)
  if (!found) throw new Error(`no token of a ${role}: ${made.stdout}${made.stderr}`)
  return found[0]
}

export const test = base.extend<{ signedIn: (role?: 'operator' | 'viewer') => Promise<Page> }, { run: Run }>({
  run: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'seawall-web-'))
      const operator = token(folder, 'operator')
      const viewer = token(folder, 'viewer')
      const url = `http://127.0.0.1:${await freePort()}`
      const set = [`api.listen=${url.slice(7)}`, ...PATIENT].flatMap((one) => ['--set', one])
      const words = ['demo', '--headless', '--speed', '30', '--data-dir', folder, ...set]
      const child = spawn(BINARY, words, { stdio: 'ignore' })
      const headers = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' }
      const ask = async (path: string) => (await fetch(url + path, { headers })).json()
      const tell = async (path: string, body: unknown) =>
        (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
      await expect
        .poll(() => ask('/api/status').then((status) => status.ready && status.positions > 0, () => false), { timeout: 60_000 })
        .toBe(true)
      await use({ url, operator, viewer, process: child, ask, tell })
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  signedIn: async ({ page, run }, use, about) => {
    const wrong: string[] = []
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => {
      // Before signing in, and while the run is silent, the browser itself reports what the API refuses.
      if (message.type() === 'error' && !/Failed to load resource|WebSocket/.test(message.text())) wrong.push(message.text())
    })
    await use(async (role = 'operator') => {
      await page.goto(run.url)
      await page.getByLabel('Token').fill(run[role])
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByTestId('run-mode')).toContainText('demo')
      return page
    })
    if (about.status !== about.expectedStatus) {
      const said = await run.ask('/api/status').catch((failure: unknown) => String(failure))
      console.log(`the run says: ${JSON.stringify(said)}`)
    }
    expect(wrong).toEqual([])
  },
})

/** Presses a button of the demo once something is protected that it can hurt. */
export async function strike(page: Page, run: Run, button: string): Promise<void> {
  await expect.poll(async () => (await run.ask('/api/positions')).positions.some((row: any) => row.protected), { timeout: 60_000 }).toBe(true)
  // The position may be closed between a look and the press: the page says so, and the button is pressed again.
  await expect(async () => {
    await page.getByRole('button', { name: button }).click()
    await expect(page.getByTestId('drill')).toContainText(/ left|no stop rests|no such stop/)
    await expect(page.getByTestId('drill')).toContainText(' left', { timeout: 1 })
  }).toPass({ timeout: 60_000 })
}

export { expect }
