// Says whether src/api/schema.ts is what openapi-typescript makes of openapi.json today.
import { readFileSync } from 'node:fs'
import openapi, { astToString, COMMENT_HEADER } from 'openapi-typescript'

const at = (path) => new URL(`../${path}`, import.meta.url)
const made = COMMENT_HEADER + astToString(await openapi(at('openapi.json')))
if (readFileSync(at('src/api/schema.ts'), 'utf8') !== made) {
  console.error('error: src/api/schema.ts is not fresh; run `npm run types` and commit it')
  process.exit(1)
}
console.log('src/api/schema.ts is fresh')
