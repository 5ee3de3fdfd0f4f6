import { defineConfig } from '@playwright/test'
import tests from './playwright.config'

/** The book's pictures: the same browser and demo as the tests have, another folder. */
export default defineConfig({
  ...tests,
  testDir: 'pictures',
  timeout: 240_000,
  use: { ...tests.use, viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
})
