import { defineConfig } from '@playwright/test'
import tests from './playwright.config'

/** How quick it is: the same browser and demo as the tests have, another folder. */
export default defineConfig({ ...tests, testDir: 'figures', timeout: 120_000 })
