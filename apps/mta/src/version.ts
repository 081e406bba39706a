import { readFileSync } from 'node:fs'

const manifest: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

/** Of this mail system; in `daemon started` and `reload`. */
export const VERSION: string = manifest.version
