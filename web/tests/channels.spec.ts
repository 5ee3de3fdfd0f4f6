/** Channels that a demo does not have: the API's answers are played, what is sent to it is looked at. */
import { expect, test } from './stage'

const at = '2026-07-01T10:00:00Z'
const channel = { kind: 'telegram', severity_min: 'warning', sent: 7, collapsed: 0, listens: false }
const channels = [
  { ...channel, name: 'ops', state: 'works', waiting: 0, sent_at: at, problem: null },
  { ...channel, name: 'pager', kind: 'email', state: 'fails', waiting: 3, sent_at: null, problem: '421 try again later' },
]
const message = { id: 'a1', at, made: at, done: null, attempts: 4, severity: 'critical', cause: 'happened', topic: 'position_unprotected', instrument: 'kraken-futures:BTC/USD:USD', title: 'position unprotected', detail: 'no confirmed stop', count: 1 }
const messages = [{ ...message, channel: 'pager', state: 'waiting', problem: '421 try again later' }]

test('each channel says how it stands and why, takes a test message, and critical alerts are acknowledged', async ({ page, run, signedIn }) => {
  const sent: string[] = []
  await page.route('**/api/alerts/channels', (route) => route.fulfill({ json: { channels } }))
  await page.route('**/api/alerts/messages*', (route) => route.fulfill({ json: { messages } }))
  for (const path of ['test', 'acknowledge']) {
    await page.route(`**/api/alerts/${path}`, (route) => {
      sent.push(`${path} ${route.request().postData()} ${route.request().headers()['x-csrf-token'] ? 'with' : 'without'} its word`)
      return route.fulfill({ status: 202, json: { see: '/api/alerts/messages' } })
    })
  }
  await signedIn()
  await page.goto(`${run.url}/#/alerts`)
  const pager = page.getByRole('row').filter({ hasText: 'pager' }).first()
  await expect(pager).toContainText('✕ fails')
  await expect(pager).toContainText('421 try again later')
  await expect(page.getByRole('table', { name: 'What channels were told' })).toContainText('no confirmed stop')
  await page.getByRole('row').filter({ hasText: 'ops' }).getByRole('button', { name: 'Test' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'A test message to ops' })).toBeVisible()
  await page.getByRole('button', { name: 'Critical alerts are seen' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Counted as seen' })).toBeVisible()
  expect(sent).toEqual(['test {"channel":"ops"} with its word', 'acknowledge {} with its word'])
})
