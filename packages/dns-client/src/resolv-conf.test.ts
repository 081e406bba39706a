import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { parseResolvConf, ResolvConfFile } from './index.ts'
import { searchNames } from './search-names.ts'

describe('parseResolvConf', () => {
  it('an empty file means a server on this host', () => {
    expect(parseResolvConf('')).toEqual({
      servers: [{ address: '127.0.0.1', port: 53 }],
      search: [],
      ndots: 1,
      timeoutMs: 5000,
      attempts: 2,
      rotate: false,
      edns0: false,
      useTcp: false,
      trustAd: false,
    })
  })

  it('reads what resolv.conf(5) has', () => {
    const text = [
      '# comment',
      '; comment',
      'nameserver 192.0.2.1',
      'nameserver\t2001:db8::1',
      'nameserver [127.0.0.1]:5353',
      'nameserver 192.0.2.4',
      'domain old.test',
      'search a.test b.test.',
      'options ndots:2 timeout:3 attempts:4 rotate',
      'options edns0 use-vc trust-ad no-such-option',
      'sortlist 130.155.160.0',
    ].join('\n')
    expect(parseResolvConf(text)).toEqual({
      servers: [
        { address: '192.0.2.1', port: 53 },
        { address: '2001:db8::1', port: 53 },
        { address: '127.0.0.1', port: 5353 },
      ],
      search: ['a.test', 'b.test'],
      ndots: 2,
      timeoutMs: 3000,
      attempts: 4,
      rotate: true,
      edns0: true,
      useTcp: true,
      trustAd: true,
    })
  })

  it('keeps numbers within the limits of the system, and passes over what is no number', () => {
    const large = parseResolvConf('options ndots:99 timeout:999 attempts:99')
    expect(large).toMatchObject({ ndots: 15, timeoutMs: 30_000, attempts: 5 })
    const small = parseResolvConf('options ndots:0 timeout:0 attempts:0')
    expect(small).toMatchObject({ ndots: 0, timeoutMs: 1000, attempts: 1 })
    const odd = parseResolvConf('nameserver host.test\noptions timeout:x attempts: ndots')
    expect(odd).toEqual(parseResolvConf(''))
  })
})

describe('searchNames', () => {
  const conf = parseResolvConf('search a.test b.test\noptions ndots:2')

  it.each([
    ['host', { defaultDomain: true, searchList: false }, ['host.a.test', 'host']],
    ['host', { defaultDomain: false, searchList: true }, ['host']],
    ['host', { defaultDomain: true, searchList: true }, ['host.a.test', 'host.b.test', 'host']],
    ['x.host', { defaultDomain: true, searchList: false }, ['x.host']],
    [
      'x.host',
      { defaultDomain: false, searchList: true },
      ['x.host.a.test', 'x.host.b.test', 'x.host'],
    ],
    ['x.y.z', { defaultDomain: true, searchList: true }, ['x.y.z', 'x.y.z.a.test', 'x.y.z.b.test']],
  ])('C-13: %s with %j', (name, flags, expected) => {
    expect(searchNames(name, conf, flags)).toEqual(expected)
  })
})

describe('ResolvConfFile', () => {
  let directory = ''
  const clock = new VirtualClock()

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'resolv-conf-'))
  })

  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  it('is read again when it has changed, and is the same object until then', async () => {
    const path = join(directory, 'resolv.conf')
    const { logger, lines } = memoryLogger()
    const file = new ResolvConfFile(path, clock, logger)
    expect(file.read().servers[0]?.address).toBe('127.0.0.1')

    writeFileSync(`${path}.new`, 'nameserver 192.0.2.7\n')
    renameSync(`${path}.new`, path)
    expect(file.read().servers[0]?.address).toBe('127.0.0.1')
    await clock.run(clock.now() + 1000)
    const read = file.read()
    expect(read.servers[0]?.address).toBe('192.0.2.7')
    await clock.run(clock.now() + 1000)
    expect(file.read()).toBe(read)

    rmSync(path)
    await clock.run(clock.now() + 1000)
    expect(file.read().servers[0]?.address).toBe('127.0.0.1')
    expect(lines).toEqual([])
  })

  it('what cannot be read is logged once and changes nothing', async () => {
    const path = join(directory, 'resolv.conf')
    writeFileSync(path, 'nameserver 192.0.2.7\n')
    const { logger, lines } = memoryLogger()
    const file = new ResolvConfFile(path, clock, logger)
    const before = file.read()
    rmSync(path)
    mkdirSync(path)
    for (let second = 0; second < 3; second++) {
      await clock.run(clock.now() + 1000)
      expect(file.read()).toBe(before)
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^warning: name servers stay as they were: EISDIR/)
  })
})
