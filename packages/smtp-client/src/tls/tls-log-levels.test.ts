import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { TlsLogLevels } from './tls-log-levels.ts'
import type { TlsTable } from './tls-options.ts'

const SERVER = {
  name: 'mx.a.test',
  address: '192.0.2.1',
  family: 4,
  port: 25,
  preference: 0,
} as const
const SUMMARY = new Set(['summary'] as const)

async function classesBy(logLevelMaps: TlsTable | undefined) {
  const { logger, lines } = memoryLogger()
  const levels = new TlsLogLevels({ logClasses: SUMMARY, logLevelMaps }, logger, (name) => name)
  return { classes: [...(await levels.classesOf(SERVER))], lines }
}

it.each([
  [{ 'mx.a.test': 'certmatch', '192.0.2.1': 'none' }, ['certmatch']],
  [{ '192.0.2.1': '0' }, []],
  [{ 'a.test': 'none' }, ['summary']],
])('C-152: with %j a server is told of by %j', async (entries, expected) => {
  const table = new Map(Object.entries(entries))
  expect((await classesBy((key) => table.get(key))).classes).toEqual(expected)
  expect((await classesBy(async (key) => table.get(key))).classes).toEqual(expected)
})

it('C-152: without a table, and where it makes no sense, as of all servers', async () => {
  expect(await classesBy(undefined)).toEqual({ classes: ['summary'], lines: [] })
  const warning =
    'warning: smtp_tls_loglevel_maps: unknown log level "loud" for mx.a.test or 192.0.2.1'
  expect(await classesBy(() => 'loud')).toEqual({ classes: ['summary'], lines: [warning] })
  const failing = () => Promise.reject(new Error('down'))
  expect(await classesBy(failing)).toEqual({ classes: ['summary'], lines: [] })
})
