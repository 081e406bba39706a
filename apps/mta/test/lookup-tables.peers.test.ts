import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

import { systemClock } from '@posthouse/clock'
import {
  LookupTableError,
  openTable,
  type TableEnvironment,
  tableFiles,
} from '@posthouse/lookup-table'
import * as fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

import { Postmap, tableTypesInstalled } from '../harness/postmap.ts'

const SEED = 20_221
const installed = tableTypesInstalled('lmdb', 'pcre')

describe.runIf(installed)('tables answer as postmap -q of Postfix does', () => {
  const postmap = new Postmap()
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close()
  })
  afterAll(() => postmap.close())

  /** The values of all keys in our table; what was warned about, once each. */
  async function ask(reference: string, keys: readonly string[]) {
    const warnings = new Set<string>()
    const table = openTable(reference, environment(warnings))
    const values = new Map<string, string>()
    try {
      for (const key of keys) {
        const value = await table.lookup(key)
        if (value !== undefined) values.set(key, value)
      }
    } finally {
      table.close()
    }
    return { values, log: [...warnings].map((text) => `warning: ${text}`) }
  }

  /** Both are asked for the same keys, in the same files. */
  async function compare(reference: string, keys: readonly string[]): Promise<void> {
    const distinct = [...new Set(keys)]
    const [ours, theirs] = await Promise.all([
      ask(reference, distinct),
      postmap.query(reference, distinct),
    ])
    expect(ours.values, reference).toEqual(theirs.values)
    expect(ours.log.map(shown), reference).toEqual([...new Set(theirs.log)])
  }

  function sample<T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] {
    return fc.sample(arbitrary, { seed: SEED, numRuns })
  }

  describe('G-57: texthash', () => {
    it.each(sample(textTable(), 40))(
      `of generated lines, seed ${SEED}, %#`,
      async ({ source, keys }) => {
        await compare(`texthash:${postmap.write('text', source)}`, keys)
      },
    )

    it('of a thousand lines', async () => {
      const lines = Array.from({ length: 1000 }, (_, at) => `User${at}@Example.com  value ${at}`)
      const keys = lines.map((line) => line.split(' ')[0]!)
      const path = postmap.write('many', `# many\r\n${lines.join('\r\n')}\r\n`)
      await compare(`texthash:${path}`, [...keys, 'user1000@example.com'])
    })
  })

  describe('lmdb', () => {
    it.each(sample(textTable(), 15))(
      `of generated lines, seed ${SEED}, %#`,
      async ({ source, keys }) => {
        const reference = `lmdb:${postmap.write('lmdb', source)}`
        await postmap.make(reference)
        await compare(reference, keys)
      },
    )

    it('of ten thousand lines and a long value', async () => {
      const lines = Array.from({ length: 10_000 }, (_, at) => `key${at * 7919} value of ${at}`)
      const source = `long ${'x'.repeat(9000)}\n${lines.join('\n')}\n`
      const reference = `lmdb:${postmap.write('large', source)}`
      await postmap.make(reference)
      const keys = Array.from({ length: 2000 }, (_, at) => `KEY${at * 7919 * 3}`)
      await compare(reference, ['long', ...keys])
    })
  })

  describe('G-59: cidr', () => {
    it.each(sample(cidrTable(), 60))(
      `of generated rules, seed ${SEED}, %#`,
      async ({ source, keys }) => {
        await compare(`cidr:${postmap.write('cidr', source)}`, keys)
      },
    )
  })

  describe.each(['regexp', 'pcre'] as const)('G-60: %s', (type) => {
    const files = (patterns: readonly string[], result: string) =>
      patterns.map((pattern, at) => {
        const rule = `${pattern} ${result.replace('#', String(at))}\n`
        return postmap.write(`${type}${at}`, rule)
      })
    // All tables are asked, so a table for each pattern costs no process for each.
    const union = (paths: readonly string[]) =>
      `unionmap:{${paths.map((path) => `${type}:${path}`).join(' ')}}`

    it('of patterns as they are in use', async () => {
      await compare(union(files(USUAL_PATTERNS, '#')), USUAL_KEYS)
    })

    it('with groups', async () => {
      const patterns = USUAL_PATTERNS.filter(
        (pattern) => pattern.includes('(') && !/^!/.test(pattern),
      )
      await compare(union(files(patterns, '#<$1>')), USUAL_KEYS)
    })

    it(`of three hundred generated patterns, seed ${SEED}`, async () => {
      const patterns = sample(patternText(type), 300).map((pattern) => `/${pattern}/`)
      const keys = sample(fc.string({ unit: fc.constantFrom(...'aAbB1. '), minLength: 1 }), 200)
      await compare(
        union(files(patterns, '#')),
        keys.filter((key) => key.trim() === key),
      )
    })

    it(`of three hundred heaps of operators, seed ${SEED}`, async () => {
      const unit = fc.constantFrom(...'ab(()){}[]*+?|^$.\\-,:1')
      const patterns = sample(fc.string({ unit, minLength: 1, maxLength: 8 }), 300)
      const paths = files(
        patterns.map((pattern) => `/${pattern}/`),
        '#',
      )
      const keys = ['a', 'b', 'ab', 'ba', 'aab', '1', '-', '{1}']
      const [ours, theirs] = await Promise.all([
        ask(union(paths), keys),
        postmap.query(union(paths), keys),
      ])
      expect(ours.values).toEqual(theirs.values)
      // Which of them are refused, not what is said: of two errors either may be named.
      const refused = (log: readonly string[]) =>
        patterns.filter((_, at) => log.some((line) => line.includes(`/${type}${at}, line 1: `)))
      expect(refused(ours.log)).toEqual(refused(theirs.log))
    })
  })

  describe('G-61, G-62: tables in a name', () => {
    it.each([
      'inline:{a=1, {b = c  d}, A=2, ä=3, {"q q"=4}}',
      'static:x',
      'static:{ two words }',
      'environ:any',
      'randmap:{one}',
      'randmap:{{a b}}',
      'unionmap:{inline:{a=1} inline:{{b=c d}} static:{3 4}}',
      'pipemap:{inline:{a=b,x=y} inline:{b=c}}',
      'pipemap:{unionmap:{static:a,static:b} inline:{{a,b=c}}}',
      'unionmap:{regexp:{{/^(.)[a-z]/ <$1>}} pcre:{{/(?<=a)$/ end}} cidr:{{::/0 v6}}}',
      'cidr:{{if !10.0.0.0/8} {192.0.2.0/24 net} {endif} {0.0.0.0/0 all}}',
    ])('%s', async (reference) => {
      const keys = ['a', 'A', 'b', 'b c', 'x', 'ä', 'Ä', '"q q"', 'path', 'home', '::1', '10.1.1.1']
      await compare(reference, [...keys, '192.0.2.1', 'nothing'])
    })

    it.each(['fail:x', 'unionmap:{static:x,fail:y}', 'pipemap:{fail:x,static:y}'])(
      '%s cannot answer',
      async (reference) => {
        const { values, log } = await postmap.query(reference, ['a'])
        expect(values.size).toBe(0)
        expect(log).toEqual([`fatal: table ${reference}: query error: Application error`])
        await expect(ask(reference, ['a'])).rejects.toMatchObject({ code: 'lookup-failed' })
      },
    )
  })

  it.concurrent.each([
    'texthash:/nonexistent/file',
    'texthash:/tmp',
    'cidr:/nonexistent/file',
    'regexp:/nonexistent/file',
    'lmdb:/nonexistent/file',
    'inline:{a}',
    'inline:{}',
    'inline:x',
    'static:{bad',
    'unionmap:static:x',
    'unionmap:{nosuch:x}',
    'pipemap:{}',
    'randmap:x',
    'cidr:{{10.0.0.0/8 x}',
    'nosuch:x',
    'Static:x',
    'static:',
    ':x',
    'socketmap:unix:private/x',
    'socketmap:x',
  ])('G-50, G-51: why %s cannot be opened', async (reference) => {
    const { log } = await postmap.query(reference, ['a'])
    expect(() => openTable(reference, environment(new Set()))).toThrow(LookupTableError)
    const ours = await ask(reference, ['a']).catch((error: Error) => error.message)
    expect([`fatal: ${ours}`]).toEqual(log.filter((line) => line.startsWith('fatal: ')))
  })

  describe('servers', () => {
    const values = new Map([
      ['a', '1'],
      ['User@Example.com', 'two words'],
      ['per%cent', '100%'],
      ['ä', 'ö, ü'],
      ['long', 'x'.repeat(3000)],
    ])
    const keys = [...values.keys(), 'A', 'nothing', 'b c', '%61', '+', 'user@example.com']

    async function listen(serve: (socket: Socket) => void): Promise<number> {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        serve(socket)
      })
      servers.push(server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      return port
    }

    it('G-63: tcp', async () => {
      const asked: string[] = []
      const port = await listen((socket) =>
        socket.setEncoding('latin1').on('data', (chunk) => {
          const key = decodeURIComponent(/^get (.*)\n$/.exec(String(chunk))?.[1] ?? '')
          asked.push(key)
          const value = values.get(key)
          const reply = value === undefined ? '500 no' : `200 ${encodeURIComponent(value)}`
          socket.write(`${reply}\n`)
        }),
      )
      await compare(`tcp:127.0.0.1:${port}`, keys)
      expect(asked.sort()).toEqual([...keys, ...keys].sort())
    })

    it('G-64: socketmap', async () => {
      const asked: string[] = []
      const port = await listen((socket) =>
        socket.on('data', (chunk: Buffer) => {
          const [, key = ''] = /^\d+:map (.*),$/s.exec(chunk.toString()) ?? []
          asked.push(key)
          const value = values.get(key)
          const reply = Buffer.from(value === undefined ? 'NOTFOUND ' : `OK ${value}`)
          socket.write(Buffer.concat([Buffer.from(`${reply.length}:`), reply, Buffer.from(',')]))
        }),
      )
      await compare(`socketmap:inet:127.0.0.1:${port}:map`, keys)
      expect(asked.sort()).toEqual([...keys, ...keys].sort())
    })

    it.each([
      ['tcp', '400 later\n'],
      ['tcp', 'nonsense\n'],
      ['socketmap', '10:TEMP later,'],
      ['socketmap', '9:PERM nope,'],
      ['socketmap', '3:FOO,'],
      ['socketmap', 'nonsense'],
    ])('a %s server that says %j', async (type, reply) => {
      const port = await listen((socket) => socket.on('data', () => socket.end(reply)))
      const reference =
        type === 'tcp' ? `tcp:127.0.0.1:${port}` : `socketmap:inet:127.0.0.1:${port}:map`
      const warnings = new Set<string>()
      const table = openTable(reference, environment(warnings))
      const [theirs] = await Promise.all([
        postmap.query(reference, ['a']),
        expect(table.lookup('a')).rejects.toMatchObject({ code: 'lookup-failed' }),
      ])
      table.close()
      expect(theirs.values.size).toBe(0)
      const ours = [...warnings].map((text) => `warning: ${text}`)
      const warned = theirs.log.filter((line) => line.startsWith('warning: '))
      expect(ours).toEqual(expect.arrayContaining(warned))
    })
  })
})

function environment(warnings: Set<string>): TableEnvironment {
  return {
    ...tableFiles,
    variables: process.env,
    random: () => 0.5,
    clock: systemClock,
    warn: (text) => void warnings.add(text),
    smtputf8: true,
  }
}

/** As a log line of Postfix shows it. */
function shown(line: string): string {
  return line.replace(/\p{Surrogate}|[\x00-\x1f\x7f]/gu, '?')
}

function textTable() {
  const word = fc.constantFrom(
    'a',
    'A',
    'b@c',
    'B@C',
    '"a b"',
    '"x',
    'k:',
    '#',
    'ä',
    'Ä',
    'ß',
    'x\\ y',
  )
  const blank = fc.constantFrom(' ', '\t', '  ', ' \r')
  const line = fc.array(fc.oneof(word, blank), { maxLength: 6 }).map((parts) => parts.join(''))
  return fc.record({
    source: fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')),
    keys: fc.constant([
      'a',
      'A',
      'b@c',
      'B@c',
      '"a b"',
      'a b',
      '"x',
      'k:',
      'k',
      '#',
      'ä',
      'Ä',
      'ß',
      'SS',
    ]),
  })
}

function cidrTable() {
  const octet = fc.constantFrom('0', '1', '10', '127', '128', '192', '255', '256', '01', '')
  const ipv4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
  const ipv6 = fc.constantFrom(
    '::1',
    '::',
    '2001:db8::',
    '2001:DB8::1',
    '::ffff:10.0.0.1',
    'fe80::1',
  )
  const address = fc.oneof({ weight: 3, arbitrary: ipv4 }, ipv6, fc.constant('10.0.0.0'))
  const bits = fc.constantFrom('', '/0', '/1', '/8', '/24', '/32', '/33', '/64', '/128', '/x', '/')
  const network = fc.tuple(address, bits).map((parts) => parts.join(''))
  const pattern = fc.oneof(
    network,
    network.map((text) => `[${text}]`),
    fc.constant('10.0.0.0/8'),
  )
  const sign = fc.constantFrom('', '', '', '!', '! ', '!!')
  const rule = fc
    .tuple(sign, pattern, fc.nat(99))
    .map(([not, text, value]) => `${not}${text} ${value}`)
  const block = fc.tuple(sign, pattern).map(([not, text]) => `if ${not}${text}`)
  const line = fc.oneof(
    { weight: 6, arbitrary: rule },
    { weight: 2, arbitrary: block },
    fc.constantFrom(
      'endif',
      'endif',
      'ENDIF',
      'endif x',
      'if',
      '10.0.0.0/8',
      ' x',
      '# c',
      '0.0.0.0/0 all',
    ),
  )
  return fc.record({
    source: fc.array(line, { maxLength: 14 }).map((lines) => lines.join('\n')),
    keys: fc
      .array(fc.oneof(address, fc.ipV4(), fc.ipV6()), { minLength: 30, maxLength: 60 })
      .map((keys) => keys.filter((key) => key !== '')),
  })
}

/** Patterns that are mostly right. */
function patternText(type: 'regexp' | 'pcre'): fc.Arbitrary<string> {
  const common = [
    'a',
    'b',
    'A',
    'B',
    '1',
    '.',
    '\\.',
    '[ab]',
    '[^a]',
    '[[:digit:]]',
    '[A-b]',
    '\\w',
    '\\W',
    '\\b',
  ]
  const perl = [
    '\\d',
    '\\D',
    '\\s',
    '\\x61',
    '(?i)',
    '(?-i)',
    '\\Qa.\\E',
    '(?=a)',
    '(?!b)',
    '(?<=a)',
    '(?<!b)',
    '\\A',
    '\\z',
  ]
  const posix = ['\\<', '\\>', '[[=a=]]', '[[.b.]]', '\\s', '^', '$', '\\B']
  const atom = fc.constantFrom(...common, ...(type === 'pcre' ? perl : posix), '^', '$')
  const operators = type === 'pcre' ? ['*?', '+?', '??', '*+', '++', '{1,2}?'] : []
  const repeat = fc.constantFrom(
    '',
    '',
    '',
    '',
    '*',
    '+',
    '?',
    '{2}',
    '{1,2}',
    '{0,1}',
    ...operators,
  )
  const groups = type === 'pcre' ? ['(', '(?:', '(?>', '(?=', '(?<n>'] : ['(']
  return fc.letrec<{ pattern: string; item: string }>((tie) => ({
    item: fc
      .tuple(
        fc.oneof(
          { maxDepth: 3 },
          { weight: 4, arbitrary: atom },
          fc
            .tuple(fc.constantFrom(...groups), tie('pattern'))
            .map(([open, body]) => `${open}${body})`),
        ),
        repeat,
      )
      .map((parts) => parts.join('')),
    pattern: fc
      .array(
        fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map((items) => items.join('')),
        { minLength: 1, maxLength: 3 },
      )
      .map((branches) => branches.join('|')),
  })).pattern
}

const USUAL_PATTERNS = [
  '/^postmaster@/',
  '/^(.*)@example\\.com$/',
  '/(.+)\\+(.*)@(.*)/',
  '!/^[^@]+@example\\.org$/',
  '/^user\\./i',
  '/@(.*\\.)?example\\.(com|net|org)$/',
  '/^<?([^@<>]+)@([^@<>]+)>?$/',
  '/[[:upper:]]/i',
  '/^[[:alnum:]._-]+@/',
  '/^\\S+\\s\\S+$/',
  '/(^|[.])list(s)?[-.]/',
  '/^(abuse|hostmaster|noc)(\\+.*)?@/',
  '/.{20,}/',
  '/\\bex/',
  '/^[0-9]{1,3}(\\.[0-9]{1,3}){3}$/',
  '/^(([a-z]+)\\.)*([a-z]+)@/',
  '/(.)\\1/',
  '/^$/',
  '/[^ -~]/',
  '/ä/',
  '/^owner-(.*)@|^(.*)-owner@/',
  '/(a|b)*c?/',
  '/@([^.]+)\\./',
  '/\\$/',
  '/"/',
  '/#/',
  '/\\//',
  '/%/',
]
const USUAL_KEYS = [
  'postmaster@example.com',
  'Postmaster@Example.COM',
  'user.name+tag@example.org',
  'User.Name@example.org',
  'user.name@sub.example.net',
  '<user@example.com>',
  'plain',
  'two words',
  'owner-list@lists.example.com',
  'list-owner@example.com',
  'abuse+x@example.net',
  'noc@example',
  '192.0.2.1',
  '1.2.3',
  'füße@exämple.com',
  'a/b',
  'a$b',
  '"quoted user"@example.com',
  'a#b%c',
  'aab',
  'abcabc',
  'x@y.z',
  '@example.com',
  'user@',
]
