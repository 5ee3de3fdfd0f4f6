import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

/** The run whose API `npm run dev` speaks to. */
const run = process.env.SEAWALL_URL ?? 'http://127.0.0.1:8787'

const proxy = {
  target: run,
  ws: true,
  changeOrigin: true,
  // The API takes writes and streams only from its own pages.
  headers: { origin: run },
}

export default defineConfig({
  plugins: [svelte()],
  // The content security policy has no room for inline scripts or data: fonts.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false },
  server: { proxy: { '/api': proxy, '/health': proxy, '/livez': proxy } },
})
