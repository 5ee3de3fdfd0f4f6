/** The chart shows the run's own candles; its stop can be taken, and moves only when the run has moved it. */
import type { Page } from '@playwright/test'
import { expect, test, type Run } from './stage'

const digits = (text: string | null) => (text ?? '').replaceAll(',', '')

interface Taken {
  instrument: string
  row: any
  x: number
  y: number
}

/** The position that will stay longest: of those with a stop, and a target where one is wanted. */
async function lasting(run: Run, line: 'stop' | 'target'): Promise<any> {
  const { positions } = await run.ask('/api/positions')
  const away = (row: any) => {
    const ends = [row.stop, ...row.ladder.map((order: any) => order.limit_price)]
    return Math.min(...ends.map((price) => Math.abs(Number(price) / Number(row.last) - 1)))
  }
  const fit = positions.filter((row: any) => row.protected && row.stop != null && (line === 'stop' || row.ladder.length > 0))
  return fit.sort((a: any, b: any) => away(b) - away(a))[0]
}

/** The chart of a position, with the pointer over the line of its stop or of a target. */
async function over(page: Page, run: Run, line: 'stop' | 'target'): Promise<Taken> {
  // One that is closed meanwhile has no lines any more: then another is looked for.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    // What was found at the start has no targets: one of the run's own entries is waited for.
    await expect.poll(() => lasting(run, line), { timeout: 60_000 }).toBeTruthy()
    const row = await lasting(run, line)
    if (row === undefined) continue
    const found = await find(page, run, row, line)
    if (found !== null) return found
  }
  throw new Error('no line can be taken')
}

/** The place of that line on the chart of a position; null where there is none. */
async function find(page: Page, run: Run, row: any, line: 'stop' | 'target'): Promise<Taken | null> {
  await page.goto(`${run.url}/#/chart?instrument=${encodeURIComponent(row.instrument)}`)
  await expect(page.getByTestId('candles')).toBeVisible()
  const box = await page.getByTestId('candles').boundingBox()
  if (!box) throw new Error('the chart has no place')
  const x = box.x + box.width / 2
  const takes = page.locator('[data-testid=candles].takes')
  // Targets are above the stop of a long position, and below that of a short one.
  const first = (row.side === 'long') === (line === 'target')
  const height = box.height - 34
  // The scale may still be moving, so the line is looked for until it is under the pointer.
  for (let round = 0; round < 3; round += 1) {
    for (let step = 0; step < height; step += 5) {
      const y = box.y + 4 + (first ? step : height - step)
      await page.mouse.move(x, y)
      if ((await takes.count()) > 0) return { instrument: row.instrument, row, x, y }
    }
  }
  return null
}

/** Takes what is under the pointer up or down by a few pixels, lets go, and does what is asked then: what the dialog asked, or why the run refused. */
async function drag(page: Page, { x, y }: Taken, by: number, button: string): Promise<{ said: string; refused: string | null }> {
  await page.mouse.down()
  await page.mouse.move(x, y + by / 2, { steps: 3 })
  await page.mouse.move(x, y + by, { steps: 3 })
  await page.mouse.up()
  const dialog = page.getByRole('dialog')
  const alert = dialog.getByRole('alert')
  const refusal = async () => ((await alert.count()) > 0 ? await alert.textContent() : null)
  await expect(dialog.locator('.words').or(alert).first()).toBeVisible()
  const said = (await dialog.textContent()) ?? ''
  const refused = await refusal()
  if (refused !== null) return { said, refused }
  expect(said).toContain('allows no more risk than now')
  await page.getByLabel(/^Why/).fill('dragged by a test')
  await page.getByRole('button', { name: button }).click()
  const told = dialog.getByRole('status').filter({ hasText: 'It is in the journal' })
  await expect(told.or(alert).first()).toBeVisible()
  return { said, refused: await refusal() }
}

/** Drags such a line until one has moved: the market may close a position under the hand, or reach the price, and only then is another taken. */
async function moves(page: Page, run: Run, line: 'stop' | 'target', words: string, button: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const taken = await over(page, run, line)
    const { instrument, row } = taken
    const now = async () => (await run.ask('/api/positions')).positions.find((one: any) => one.instrument === instrument)
    const isThere = (one: any) => one !== undefined && one.opened_at === row.opened_at && one.ladder.length === row.ladder.length
    const { said, refused } = await drag(page, taken, row.side === 'long' ? -12 : 12, button)
    if (refused !== null) {
      if (isThere(await now())) expect(refused).toContain('the market has reached that price already')
      continue
    }
    expect(said).toContain(words)
    expect(said).toContain(` of ${instrument} from `)
    const number = Number(/take-profit (\d+) of/.exec(said)?.[1])
    const level = (one: any) => (line === 'stop' ? one.stop : one.ladder.find((order: any) => order.target === number).limit_price)
    const became = async () => {
      const one = await now()
      return !isThere(one) ? 'gone' : level(one) === level(row) ? 'as it was' : 'moved'
    }
    let last = 'as it was'
    await expect.poll(async () => (last = await became())).not.toBe('as it was')
    if (last === 'moved') return
  }
  throw new Error('the market was quicker each time')
}

test('the candles are those of the run, in each timeframe, and structure says since when it was known', async ({ run, signedIn }) => {
  const page = await signedIn()
  await page.goto(`${run.url}/#/chart`)
  const instrument = await page.getByRole('combobox', { name: 'Instrument' }).inputValue()
  for (const timeframe of ['1m', '5m']) {
    await page.getByRole('group', { name: 'Timeframe' }).getByRole('button', { name: timeframe, exact: true }).click()
    await expect(page.getByTestId('candles')).toHaveAttribute('aria-label', new RegExp(` ${timeframe}: `))
    const asked = `/api/candles?limit=2000&timeframe=${timeframe}&instrument=${encodeURIComponent(instrument)}`
    await expect
      .poll(async () => {
        const { candles, forming } = await run.ask(asked)
        const said = digits(await page.getByTestId('candles').getAttribute('aria-label'))
        return [...candles.slice(-3), ...(forming ? [forming] : [])].some((one: any) => said.endsWith(` ${one.close}`))
      })
      .toBe(true)
  }
  const { overlays } = await run.ask(`/api/overlays?timeframe=1m&instrument=${encodeURIComponent(instrument)}`)
  expect(overlays.length).toBeGreaterThan(0)
  await page.getByRole('group', { name: 'Timeframe' }).getByRole('button', { name: '1m', exact: true }).click()
  const structure = page.getByRole('table', { name: 'Structure on the chart' })
  await expect(structure).toContainText('Known at')
  await expect(structure.getByRole('row').nth(1)).toContainText(/OB|BB|FVG|BOS|CHoCH/)
})

test('an address that names another instrument is followed, and a choice stays', async ({ run, signedIn }) => {
  const page = await signedIn()
  const { positions } = await run.ask('/api/positions?all=true')
  const [one, other, third] = positions.map((row: any) => row.instrument)
  const choice = page.getByRole('combobox', { name: 'Instrument' })
  for (const instrument of [one, other]) {
    await page.goto(`${run.url}/#/chart?instrument=${encodeURIComponent(instrument)}`)
    await expect(choice).toHaveValue(instrument)
  }
  await choice.selectOption(third)
  await expect(page.getByTestId('candles')).toHaveAttribute('aria-label', new RegExp(third.split(':')[1]))
  await expect(choice).toHaveValue(third)
})

test('what was known at an earlier candle does not know what came later', async ({ run, signedIn }) => {
  const page = await signedIn()
  await page.goto(`${run.url}/#/chart`)
  const slider = page.getByLabel('What was known')
  await expect(page.locator('.replay')).toContainText('now')
  await slider.focus()
  await page.keyboard.press('Home')
  await expect(page.locator('.replay')).toContainText(/at \d\d-\d\d/)
  // It stays there while new candles come.
  await expect(page.getByTestId('candles')).toHaveAttribute('aria-label', /: 3[01],/)
  const at = await page.locator('.replay').textContent()
  await page.waitForTimeout(4_500)
  expect(await page.locator('.replay').textContent()).toBe(at)
  // What was drawn goes with the chart, without a word on the console.
  await page.goto(`${run.url}/#/positions`)
  await expect(page.getByRole('table', { name: 'Positions' })).toBeVisible()
})

test('a stop that is dragged is asked about, moved by the run, and in the journal', async ({ run, signedIn }) => {
  test.setTimeout(180_000)
  await moves(await signedIn(), run, 'stop', 'moves the stop of', 'Move stop now')
})

test('a target that is dragged is asked about, and rests elsewhere then', async ({ run, signedIn }) => {
  test.setTimeout(180_000)
  await moves(await signedIn(), run, 'target', 'moves take-profit', 'Move target now')
})

test('a viewer sees the chart and can move nothing', async ({ run, signedIn }) => {
  const page = await signedIn('viewer')
  await page.goto(`${run.url}/#/chart`)
  await expect(page.getByTestId('candles')).toBeVisible()
  for (const button of ['Move stop…', 'Reduce…', 'Break even…']) {
    const one = page.getByRole('button', { name: button })
    if ((await one.count()) > 0) await expect(one).toBeDisabled()
  }
})
