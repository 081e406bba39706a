import { parseMainCf, parseMasterCf, resolveConfig } from '@posthouse/config'
import { memoryLogger } from '@posthouse/mail-log'
import { MX_LOOKUP_DEFAULTS } from '@posthouse/mx-lookup'
import { smtpDefaults } from '@posthouse/smtp-client'
import { expect, it } from 'vitest'

import { Tables } from '../tables.ts'
import { mxLookupOptions } from './mx-lookup-options.ts'
import { smtpClientOptions } from './smtp-client-options.ts'

const NAME = 'mx.example.test'

function configOf(...lines: readonly string[]) {
  return resolveConfig({
    mainCf: parseMainCf(lines.map((line) => `${line}\n`).join(''), 'main.cf'),
    environment: {
      hostname: NAME,
      configDirectory: 'conf',
      processName: 'smtp',
      processId: 1,
      interfaceAddresses: [],
      readFile: () => new Uint8Array(),
    },
  })
}

function options(...lines: readonly string[]) {
  const config = configOf(...lines)
  const terms = { file: 'master.cf', chrootByDefault: false, knownTcpPorts: new Map() }
  const [service] = parseMasterCf('smtp unix - - n - - smtp\n', terms).services
  const user = { config, service: service!, protocol: 'smtp', log: memoryLogger().logger } as const
  const places = { queueDirectory: '/var/spool/postfix', ownAddresses: [] }
  return smtpClientOptions(user, new Tables(), places, () => Buffer.alloc(0))
}

/** Functions cannot be compared. */
function values(of: object): object {
  return JSON.parse(JSON.stringify(of, (_, value) => (value instanceof Map ? [...value] : value)))
}

it('smtpDefaults are those of main.cf at level 3.11, but for TLS', () => {
  const { tls, requireTls, servicePort, ...rest } = options('compatibility_level = 3.11')
  const { tls: _, requireTls: __, ...defaults } = smtpDefaults(NAME)
  expect(values(rest)).toEqual(values(defaults))
})

it('MX_LOOKUP_DEFAULTS are, too', () => {
  const user = { config: configOf(), log: memoryLogger().logger }
  const { dnssecProbe, ...rest } = mxLookupOptions(user, [], new Tables())
  expect(rest).toEqual({ ...MX_LOOKUP_DEFAULTS, replyFilter: undefined })
})

it.each([
  [[], 0],
  [['smtp_connection_cache_reuse_limit = 10'], 10],
  [['smtp_connection_cache_reuse_limit = ten'], 0],
  [['smtp_connection_cache_reuse_limit = 10', 'smtp_connection_reuse_count_limit = 3'], 3],
])('C-116: %j: sessions are used again %i times', (lines, limit) => {
  expect(options(...lines).reuseCountLimit).toBe(limit)
})
