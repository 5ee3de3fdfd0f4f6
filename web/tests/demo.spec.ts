/** Whatever is broken in the demo ends protected. */
import { expect, strike, test } from './stage'

for (const [button, drill] of [
  ['Cut the network', 'cut-network'],
  ['Reject my stop', 'reject-my-stop'],
] as const) {
  test(`“${button}” ends protected, and the journal knows who did it`, async ({ run, signedIn }) => {
    test.setTimeout(210_000)
    const page = await signedIn()
    await page.goto(`${run.url}/#/health`)
    await strike(page, run, button)
    await expect(page.getByRole('button', { name: button })).toBeDisabled()
    await expect(page.getByTestId('drill')).toContainText('✓ Over', { timeout: 45_000 })
    await expect
      .poll(async () => {
        const { positions, positions_protected, positions_naked } = await run.ask('/api/status')
        return positions_naked === 0 && positions_protected === positions
      })
      .toBe(true)
    await page.goto(`${run.url}/#/incidents`)
    const told = page.getByRole('table', { name: 'Incidents' })
    await expect(told.getByRole('row').filter({ hasText: `drill ${drill}` })).toContainText('operator')
  })
}
