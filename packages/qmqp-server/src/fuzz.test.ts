import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const FUZZ = join(import.meta.dirname, '../test/fuzz.ts')
const SEED = process.env['POSTHOUSE_FUZZ_SEED']

// `npm run fuzz` runs a million. A failure names the seed of its input.
it.each([
  ['reader', 60_000],
  ['server', 6_000],
])(
  'Q-104, Q-304: the %s does what the rules say with %d mutated requests, and keeps nothing',
  async (target, runs) => {
    const args = ['--conditions=@posthouse/source', '--expose-gc', FUZZ, '--target', target]
    const seed = SEED === undefined ? [] : ['--seed', SEED]
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...args,
      ...seed,
      '--runs',
      String(runs),
    ])
    expect(stdout).toContain(`${target}: ${runs} inputs from seed `)
  },
  180_000,
)
