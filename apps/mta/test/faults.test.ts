import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { nodeFileSystem } from '@posthouse/queue-store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { writeConfiguration } from '../harness/configuration.ts'
import type { DiskCall } from '../harness/faulty-disk.ts'
import { FaultyRelay, type FaultyRelayOptions } from '../harness/faulty-relay.ts'
import { configOfProgram, loadConfiguration } from '../src/load-configuration.ts'
import { cleanupOptions } from '../src/options/cleanup-options.ts'
import { noticeOptions } from '../src/options/notice-options.ts'
import { queueManagerOptions } from '../src/options/queue-manager-options.ts'

// Every call that the store makes to its disk fails, each in its turn: once, or it and all that
// follow until somebody makes room. Clients are told the truth, no mail is lost, and all of it goes
// out by itself afterwards.

const HOUR_MS = 3_600_000
const FAULT_MS = 600_000
const disk = nodeFileSystem(systemClock.now)
let options: FaultyRelayOptions

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'posthouse-faults-'))
  writeConfiguration(directory, { port: 1, parameters: { in_flow_delay: '0' } })
  const configuration = await loadConfiguration(join(directory, 'conf'))
  rmSync(directory, { recursive: true })
  const config = configOfProgram(configuration, 'cleanup')
  options = {
    cleanup: cleanupOptions(config, config, 'qmqpd'),
    queueManager: queueManagerOptions(
      config,
      configuration.services,
      { info: () => undefined, warning: () => undefined },
      configuration.configOf,
    ),
    notices: noticeOptions({ config, log: memoryLogger().logger }, (timeMs) => String(timeMs)),
  }
})
afterAll(() => disk.end())

/** A day in the life of a queue: all that the store does, one after the other. */
async function live(relay: FaultyRelay): Promise<void> {
  await relay.start()
  relay.submit(['a@one.test', 'later@two.test', 'slow@three.test'], 'first')
  await relay.run(2000)
  relay.submit(['b@one.test'], 'second')
  await relay.run(10)
  relay.submit(['c@one.test'], 'x'.repeat(8192)) // More than is kept in memory.
  relay.submit(['d@one.test'], 'in a file that was used before')
  await relay.run(10)
  relay.submit(['later@four.test'], 'fourth')
  relay.submit(['bad@one.test', 'e@one.test', 'bad@two.test'], 'that bounces')
  await relay.run(HOUR_MS)
  relay.accepting = true
  relay.submit(['slow@one.test'], 'under way when it stops')
  await relay.run(10)
}

/** What holds whatever failed. */
function expectTruth(relay: FaultyRelay): void {
  const log = relay.log.lines.join('\n')
  const left = relay.queueFiles().filter((path) => !/\/defer\//.test(path))
  expect(left, log).toEqual([])
  for (const { id, recipients, reply, text } of relay.submissions) {
    expect(reply, log).toMatch(/^[KZ]/)
    const isStored = log.includes(`remove file ${id}: `) // Though the client was told otherwise.
    for (const recipient of recipients) {
      const got = recipient.startsWith('bad@')
        ? relay.told.filter((each) => each === recipient).map(() => ({ text: `\n${text}\n` }))
        : relay.deliveries.filter((each) => each.recipient === recipient)
      for (const delivery of got) expect(delivery.text).toContain(`\n${text}\n`)
      const why = `${reply} ${recipient}\n${log}`
      if (reply?.startsWith('K')) expect(got.length, why).toBeGreaterThan(0)
      else if (!isStored) expect(got, why).toEqual([])
      // A notification that is queued comes again if its log cannot be removed.
      const most = recipient.startsWith('bad@') ? 3 : 1
      if (!isStored) expect(got.length, why).toBeLessThanOrEqual(most)
    }
  }
}

/** Where a call is made: what is done to a file of which directory of the queue. */
function siteOf({ name, path }: DiskCall): string {
  return `${name} ${path.split('/')[3] ?? ''}`
}

/** Lives through a fault that is over ten minutes after it began, and looks at the result. */
async function survive(faultOf: (call: DiskCall) => string | undefined): Promise<FaultyRelay> {
  const relay = new FaultyRelay(disk, options)
  let endMs = Number.POSITIVE_INFINITY
  relay.disk.fault = (call) => {
    const code = relay.clock.now() < endMs ? faultOf(call) : undefined
    if (code !== undefined) endMs = Math.min(endMs, relay.clock.now() + FAULT_MS)
    return code
  }
  await live(relay)
  await relay.run(4 * HOUR_MS)
  await relay.stop()
  await relay.start() // What could not be removed is removed now.
  await relay.run(4 * HOUR_MS)
  await relay.stop()
  expectTruth(relay)
  return relay
}

// Errors that a call may have; EIO any.
const CODES: Readonly<Record<string, readonly string[]>> = {
  EIO: [],
  ENOSPC: ['open', 'writev', 'pwrite', 'mkdir', 'rename', 'fsync'],
  EMFILE: ['open', 'opendir'],
  EACCES: ['open', 'opendir', 'rename', 'unlink', 'mkdir', 'utimes', 'lstat'],
}
// What is not needed may fail without a word: a file that was to be used again is removed, and
// where the deferred queue cannot be watched, it is scanned.
const SILENT = /^(?:(?:ftruncate|lstatUsed) (?:spare|incoming)|lstat deferred)$/

describe('a disk that fails', () => {
  const sites = new Set<string>()
  beforeAll(async () => {
    const relay = new FaultyRelay(disk, options)
    relay.disk.fault = (call) => void sites.add(siteOf(call))
    await live(relay)
    await relay.run(4 * HOUR_MS)
    await relay.stop()
    relay.remove()
  })

  it.each(Object.keys(CODES))(
    '%s at each call, once: nothing is lost',
    async (code) => {
      for (const site of sitesOf(code)) {
        for (const occurrence of [1, 2]) {
          let seen = 0
          const relay = await survive((call) =>
            siteOf(call) === site && ++seen === occurrence ? code : undefined,
          )
          if (occurrence === 1) expectReason(relay, site, code)
          relay.remove()
        }
      }
    },
    120_000,
  )

  it.each(Object.keys(CODES))(
    '%s from each call on: mail flows again by itself',
    async (code) => {
      for (const site of sitesOf(code)) {
        let isFailing = false
        const relay = await survive((call) => {
          isFailing ||= siteOf(call) === site
          return isFailing && mayFail(call.name, code) ? code : undefined
        })
        expectReason(relay, site, code)
        relay.remove()
      }
    },
    120_000,
  )

  function sitesOf(code: string): string[] {
    const found = [...sites].filter((site) => mayFail(site.split(' ')[0]!, code))
    expect(found.length).toBeGreaterThan(2)
    return found
  }
})

function mayFail(name: string, code: string): boolean {
  const names = CODES[code] ?? []
  return names.length === 0 || names.includes(name)
}

function expectReason({ log }: FaultyRelay, site: string, code: string): void {
  if (SILENT.test(site)) return
  expect(log.lines.join('\n'), site).toMatch(new RegExp(`(?:warning|error|fatal): .*${code}`))
}
