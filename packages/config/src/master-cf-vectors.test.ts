import { expect, it } from 'vitest'

import vectors from '../vectors/master-cf.json' with { type: 'json' }
import { ConfigError, loadMasterCf, parseMainCf, resolveConfig } from './index.ts'

// Whoever opens the sockets says it: these need the services database, or the network.
const LATER = /Servname not supported|nosuch\.invalid|bind: /
// An error when the file is read, and not only when the service starts: see the README.
const STRICTER = / -o( noequals)?\n$/

const cases = vectors.cases.filter(
  ({ master, log }) => !STRICTER.test(master) && !log.some((text) => LATER.test(text)),
)

it.each(cases)('G-37 to G-43, vector: $main $master', ({ main, master, log }) => {
  expect(outcome(main, master)).toEqual(log)
})

it('most vectors count', () => {
  expect(vectors.cases.length - cases.length).toBe(7)
})

/** What master(8) would log. */
function outcome(main: string, master: string): string[] {
  const level = main.includes('compatibility_level') ? '' : 'compatibility_level = 3.6\n'
  const config = resolveConfig({
    mainCf: parseMainCf(level + main, 'CONF/main.cf'),
    environment: {
      hostname: 'mx.example.test',
      configDirectory: 'CONF',
      processName: 'master',
      processId: 1,
      interfaceAddresses: [],
      readFile: () => new Uint8Array(),
    },
  })
  try {
    const { warnings, notices } = loadMasterCf(config, () => Buffer.from(master))
    return [...warnings.map((text) => `warning: ${text}`), ...notices]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error).toMatchObject({ file: 'CONF/master.cf', line: 1, expected: expect.any(String) })
    return [`fatal: ${error.message}`]
  }
}
