/** What an operator does is asked twice, told to the engine, and seen; a viewer does nothing. */
import { expect, test } from './stage'

test('a wrong token is refused with the reason', async ({ page, run }) => {
  await page.goto(run.url)
  await page.getByLabel('Token').fill('swt_00000000_00')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('token')
})

test('a pause lowers risk at once; to resume needs a reason', async ({ run, signedIn }) => {
  const page = await signedIn()
  await page.goto(`${run.url}/#/health`)
  await page.getByRole('button', { name: 'change…' }).click()
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await expect(page.getByRole('dialog')).toContainText('allows no more risk than now')
  await page.getByRole('button', { name: 'Pause now' }).click()
  await expect(page.getByRole('dialog')).toContainText('It is in the journal')
  await page.keyboard.press('Escape')
  await expect(page.locator('.strip')).toContainText('reduce only')
  expect((await run.ask('/api/status')).mode).toBe('reduce_only')
  await expect(page.getByRole('table', { name: 'Events' })).toContainText('command')

  await page.getByRole('button', { name: 'change…' }).click()
  await page.getByRole('button', { name: 'Resume', exact: true }).click()
  await expect(page.getByRole('dialog')).toContainText('allows more risk than now')
  const resume = page.getByRole('button', { name: 'Resume now' })
  await expect(resume).toBeDisabled()
  await page.getByLabel(/^Why/).fill('the test is over')
  await resume.click()
  await expect.poll(async () => (await run.ask('/api/status')).mode).toBe('normal')
})

test('the kill switch takes two steps on, and a reason off', async ({ run, signedIn }) => {
  const page = await signedIn()
  await page.getByRole('button', { name: /Kill…/ }).click()
  await page.getByRole('button', { name: 'Kill', exact: true }).click()
  expect((await run.ask('/api/status')).kill_switch ?? null).toBeNull()
  await page.getByRole('button', { name: 'Kill now' }).click()
  await expect.poll(async () => (await run.ask('/api/status')).kill_switch).toBe('manual')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Release…' }).click()
  await page.getByLabel(/^Why/).fill('the test is over')
  await page.getByRole('button', { name: 'Release the kill switch now' }).click()
  await expect.poll(async () => (await run.ask('/api/status')).kill_switch ?? null).toBeNull()
})

test('a viewer sees everything and can press nothing', async ({ run, signedIn }) => {
  const page = await signedIn('viewer')
  await expect(page.getByRole('button', { name: /Kill…/ })).toBeDisabled()
  await expect(page.getByRole('button', { name: 'change…' })).toBeDisabled()
  await page.goto(`${run.url}/#/positions`)
  await expect(page.getByRole('button', { name: 'Flatten all…' })).toBeDisabled()
})

test('a silent run is called stale, and current again when it speaks', async ({ run, signedIn }) => {
  const page = await signedIn()
  await expect(page.getByTestId('link')).toContainText('live')
  run.process.kill('SIGSTOP')
  await expect(page.getByTestId('link')).toContainText('stale since')
  await expect(page.locator('.strip')).toHaveClass(/old/)
  run.process.kill('SIGCONT')
  await expect(page.getByTestId('link')).toContainText('live')
  await expect(page.locator('.strip')).not.toHaveClass(/old/)
})

test('a page that is loaded again, or signed out, knows where it stands', async ({ page, run, signedIn }) => {
  await signedIn()
  await page.reload()
  await expect(page.getByTestId('run-mode')).toContainText('demo')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByLabel('Token')).toBeVisible()
  expect((await page.request.get(`${run.url}/api/status`)).status()).toBe(401)
})
