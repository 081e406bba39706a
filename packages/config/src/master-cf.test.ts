import { decodeAddress } from '@posthouse/mail-address'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ConfigError, type MasterCfOptions, parseMasterCf } from './index.ts'

const options: MasterCfOptions = {
  file: 'CONF/master.cf',
  chrootByDefault: false,
  knownTcpPorts: new Map([
    ['smtp', 25],
    ['submission', 587],
  ]),
}

describe('parseMasterCf', () => {
  it('G-37: reads all columns', () => {
    const text = [
      '# service type  private unpriv  chroot  wakeup  maxproc command + args',
      'qmgr unix n - y 300? 1 qmgr',
      'smtp unix - n - - 5x smtp -v flags=x',
      '628 inet n - n - - qmqpd',
    ].join('\n')
    const { services, warnings, notices } = parseMasterCf(text, options)
    expect([warnings, notices]).toEqual([[], []])
    expect(services).toEqual([
      {
        ...{ name: 'qmgr', type: 'unix', private: false, unprivileged: true, chroot: true },
        ...{ wakeup: { seconds: 300, onlyAfterUse: true }, processLimit: 1, command: 'qmgr' },
        ...{ args: [], overrides: [], file: 'CONF/master.cf', line: 2 },
      },
      {
        ...{ name: 'smtp', type: 'unix', private: true, unprivileged: false, chroot: false },
        ...{ wakeup: { seconds: 0, onlyAfterUse: false }, processLimit: 5, command: 'smtp' },
        ...{ args: ['-v', 'flags=x'], overrides: [], file: 'CONF/master.cf', line: 3 },
      },
      {
        ...{ name: '628', type: 'inet', private: false, unprivileged: true, chroot: false },
        ...{ wakeup: { seconds: 0, onlyAfterUse: false }, processLimit: undefined },
        ...{ command: 'qmqpd', args: [], overrides: [], file: 'CONF/master.cf', line: 4 },
      },
    ])
  })

  it('G-37: chroot is the default below compatibility level 1, and that is noted', () => {
    const text = 'a unix - - - - - a\nb unix - - n - - b\n'
    const { services, notices } = parseMasterCf(text, { ...options, chrootByDefault: true })
    expect(services.map(({ chroot }) => chroot)).toEqual([true, false])
    expect(notices).toEqual([
      'CONF/master.cf: line 1: using backwards-compatible default setting chroot=y',
    ])
  })

  it.each(['inet', 'unix', 'unix-dgram', 'fifo', 'pass'])('G-37: knows type %s', (type) => {
    expect(parse(`1 ${type} n - - - - x`).services[0]?.type).toBe(type)
  })

  it('G-37, G-39: takes -o in all its forms, from continuation lines too', () => {
    const text = [
      'fds unix - n n - 5 fds -o a=b -v',
      '   -o { c = d e }',
      '# note',
      '   -of=$g -o h= plain {x y} -o not=this',
    ].join('\n')
    const service = parse(text).services[0]
    expect(service?.overrides).toEqual([
      ...[
        ['a', 'b'],
        ['c', 'd e'],
        ['f', '$g'],
        ['h', ''],
      ],
    ])
    expect(service?.args.slice(0, 6)).toEqual(['-o', 'a=b', '-v', '-o', 'c = d e', '-of=$g'])
    expect(service?.args.slice(6)).toEqual(['-o', 'h=', 'plain', 'x y', '-o', 'not=this'])
  })

  it('G-39: keeps inner braces, backslashes, quotes and $', () => {
    expect(parse('a unix - - - - - a { {b c} d } "e f" \\g $h').services[0]?.args).toEqual([
      ...['{b c} d', '"e', 'f"', '\\g', '$h'],
    ])
  })

  it('G-41: the last of equal services is used, at its place', () => {
    const text = 'foo unix - - - - - a\nbar unix - - - - - b\nfoo unix - - - - - c\n'
    const { services, warnings } = parse(text)
    expect(services.map(({ command }) => command)).toEqual(['b', 'c'])
    expect(warnings).toEqual([
      'duplicate master.cf entry for service "foo" (private/foo) -- using the last entry',
    ])
  })

  it('G-41: a known port name is its number; other types and cases are other services', () => {
    expect(parse('smtp inet n - - - - a\n25 inet n - - - - b\n').warnings).toEqual([
      'duplicate master.cf entry for service "smtp" (25) -- using the last entry',
    ])
    expect(parse('a unix - - - - - a\na pass - - - - - a\nA unix - - - - - a\n').warnings).toEqual(
      [],
    )
  })

  it('G-37: a service may be called "-", as in Postfix; braces do not group columns', () => {
    const { services } = parse('- unix - - n - - a\n{x} unix - - n 5x? - {b}\n')
    expect(services.map(({ name, command }) => [name, command])).toEqual([
      ...[
        ['-', 'a'],
        ['{x}', '{b}'],
      ],
    ])
    expect(services[1]?.wakeup).toEqual({ seconds: 5, onlyAfterUse: false })
  })

  it('G-8: what follows a zero byte is cut off, with a warning', () => {
    const { services, warnings } = parse('a unix - - n - - a -o b=c\0d -o e=f\n')
    expect(services[0]?.overrides).toEqual([['b', 'c']])
    expect(warnings).toEqual(['CONF/master.cf, line 1: text after null byte may be ignored'])
  })

  it('G-42: skips disabled services, whatever the rest of their line is', () => {
    const isDisabled = (name: string, type: string) => name === 'a' && type === 'bogus'
    const text = 'a bogus\nb unix - - - - - b\n'
    const { services } = parseMasterCf(text, { ...options, isDisabled })
    expect(services.map(({ name }) => name)).toEqual(['b'])
  })

  it('G-7: drops a first line that is a continuation', () => {
    const { services, warnings } = parse('  a unix - - - - - a\nb unix - - - - - b\n')
    expect(services.map(({ name }) => name)).toEqual(['b'])
    expect(warnings).toHaveLength(1)
  })

  it.each([
    ['foo', 'missing "transport type" field'],
    ['foo unix', 'missing "private" field'],
    ['foo unix -', 'missing "unprivileged" field'],
    ['foo unix - -', 'missing "chroot" field'],
    ['foo unix - - -', 'missing "wakeup_time" field'],
    ['foo unix - - - -', 'missing "max_proc" field'],
    ['foo unix - - - - -', 'missing "command" field'],
    ['foo bogus', 'bad transport type: bogus'],
    ['foo -', 'field "transport type" has no default value'],
    ['foo unix - - - - - -', 'field "command" has no default value'],
    ['foo unix x - - - - a', 'field "private": bad value: "x"'],
    ['foo unix - Y - - - a', 'field "unprivileged": bad value: "Y"'],
    ['foo unix - - yes - - a', 'field "chroot": bad value: "yes"'],
    ['foo unix - - - x - a', 'field "wakeup_time": bad value: "x"'],
    ['foo unix - - - - -5 a', 'field "max_proc": bad value: "-5"'],
    ['foo inet - - - - - a', 'inet service cannot be private'],
    ['foo inet y - - - - a', 'inet service cannot be private'],
    ['a!b:25 inet n - - - - a', 'valid hostname or network address required in "a!b:25"'],
    ['[::1] inet n - - - - a', 'missing service information in "[::1]"'],
    ['foo {unix} - - n - - a', 'bad transport type: {unix}'],
    ['{a b} unix - - n - - a', 'bad transport type: b}'],
    ['127.0.0.1 inet n - - - - a', 'garbage after numerical service in "127.0.0.1"'],
    ['[::1:25 inet n - - - - a', 'missing "]" in "[::1:25"'],
    ['foo unix - - - - - a -o {a = b', 'missing \'}\' in "{a = b"'],
    ['foo unix - - - - - a -o {a = b}x', 'syntax error after \'}\' in "{a = b}x"'],
    ['foo unix - - - - - a -o b', 'missing \'=\' after attribute name: "b"'],
    ['foo unix - - - - - a -o', 'option -o requires name=value'],
  ])('G-43: %s', (line, message) => {
    expect(() => parse(`# first\n${line}\n`)).toThrow(
      expect.objectContaining({
        code: 'syntax',
        message: `CONF/master.cf: line 2: ${message}`,
        ...{ file: 'CONF/master.cf', line: 2 },
      }),
    )
  })

  it('reads any text, or throws ConfigError', () => {
    const piece = fc.constantFrom(
      ...['a', 'unix', 'inet', '-', 'n', '{', '}', '-o', 'x=y', '[', ':', '25', '\n', '\n ', '#'],
    )
    const line = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(' '))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }).map(decodeAddress), line), (text) => {
        try {
          for (const service of parse(text).services) expect(service.command).not.toBe('')
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          expect(error.line).toBeGreaterThan(0)
        }
      }),
      { numRuns: 200 },
    )
  })
})

function parse(text: string) {
  return parseMasterCf(text, options)
}
