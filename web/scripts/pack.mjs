// Packs each file of the build beside itself, as .br and .gz, and holds the whole against its budget.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const DIST = new URL('../dist', import.meta.url).pathname
const BUDGET = 400_000
const PACKABLE = /\.(html|js|css|svg|txt|webmanifest)$/

// The licences of what reaches the browser, as they ask for it.
const RUNTIME = ['lightweight-charts', 'fancy-canvas', 'svelte', 'openapi-fetch']
const notices = RUNTIME.map((name) => {
  const folder = new URL(`../node_modules/${name}/`, import.meta.url).pathname
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const extra = name === 'lightweight-charts' ? readFileSync(new URL('lightweight-charts-notice.txt', import.meta.url), 'utf8') : ''
  return `${name} ${version} (${license})\n\n${extra}${file ? readFileSync(join(folder, file), 'utf8') : ''}`
})
writeFileSync(join(DIST, 'notices.txt'), notices.join(`\n${'='.repeat(80)}\n\n`))

const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && PACKABLE.test(entry.name))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort()

let total = 0
for (const path of files) {
  const plain = readFileSync(path)
  const gzip = gzipSync(plain, { level: 9 })
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  })
  writeFileSync(`${path}.gz`, gzip)
  writeFileSync(`${path}.br`, brotli)
  total += gzip.length
  const size = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10)
  console.log(`${relative(DIST, path).padEnd(40)}${size(plain.length)}  gzip${size(gzip.length)}  br${size(brotli.length)}`)
}
const verdict = `${(total / 1000).toFixed(1)} kB gzipped of ${BUDGET / 1000} kB allowed`
if (total > BUDGET) {
  console.error(`error: the dashboard is too large: ${verdict}`)
  process.exit(1)
}
console.log(`the dashboard: ${verdict}`)
