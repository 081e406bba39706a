import { decodeAddress } from '@posthouse/mail-address'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  type Config,
  ConfigError,
  compatibilityNotices,
  type Environment,
  explainError,
  importedEnvironment,
  loadMainCf,
  loadMasterCf,
  parameters,
  parametersWithoutEffect,
  resolveConfig,
  transportParameters,
  unsupportedSettings,
  unusedParameters,
} from './index.ts'

const MASTER_CF = 'smtp unix - - n - - smtp\n628 inet n - n - - qmqpd\n'
const MASTER_LINES = [
  '628       inet  n       -       n       -       -       qmqpd',
  '[::1]:smtp inet n - n - 10 qmqpd -o { mynetworks = [::1]/128, 127.0.0.0/8 }',
  'qmgr      unix  n       -       n       300?    1       qmgr',
  'relay unix - - n - - smtp',
  '    -o syslog_name=postfix/$service_name -o smtp_helo_timeout=5 # -v',
  '# a note',
  `  -osmtp_connect_timeout=\${stress?{1}:{30}}s`,
  'slow pass - - y 5 0 smtp -o{a=b} -o smtp_tcp_port=',
]
const WORDS = [
  ...['yes', 'no', '', '5', '-1', '10q', '3d', '2147483648', '/etc/mailname', 'mx.example.test'],
  ...['$mydomain', `\${a?{x}:{$b}}`, `\${{$a}=={$b}?{$c}}`, '$', '${', '$(a', '{a, b}', '{', '}'],
  ...['a', 'all', 'ipv4', 'host', '3.6', 'inline:{a=b}', '!x', '$myhostname', '$mynetworks'],
  ...['$constructor', '$__proto__', 'constructor', '{toString = x}'],
  ...['$compatibility_level', '$default_process_limit', '\0', '\xff', 'é', '=', '#', '\r', '\t'],
]

const names = fc.oneof(
  fc.constantFrom(...parameters.keys()),
  fc.constantFrom('a', 'b', 'c', 'slow_recipient_limit', 'smtpd_banner', 'constructor'),
  fc.constantFrom('myhostname', 'mydomain', 'mynetworks_style', 'inet_interfaces', 'myorigin'),
)
const values = fc.array(fc.constantFrom(...WORDS), { maxLength: 4 })
const entries = fc
  .tuple(names, values, fc.constantFrom(' ', ', ', '\n  ', '\n# note\n\t', ''))
  .map(([name, words, separator]) => `${name} = ${words.join(separator)}\n`)
const mainFiles = fc.array(entries, { maxLength: 12 }).map((lines) => lines.join(''))
const masterFiles = fc
  .array(fc.constantFrom(...MASTER_LINES), { maxLength: 6 })
  .map((lines) => `${lines.join('\n')}\n`)

/** A text with a few of its bytes changed, left out or put in. */
function mutated(files: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.nat(2), fc.uint8Array({ maxLength: 3 }))
  return fc.tuple(files, fc.array(change, { maxLength: 4 })).map(([text, changes]) => {
    let bytes: Buffer = Buffer.from(text)
    for (const [at, length, added] of changes) {
      const from = at % (bytes.length + 1)
      bytes = Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from + length)])
    }
    return bytes
  })
}

const anyFile = (files: fc.Arbitrary<string>) =>
  fc.oneof({ arbitrary: fc.uint8Array({ maxLength: 300 }), weight: 1 }, mutated(files))

describe('main.cf and master.cf with any bytes', () => {
  it('G-8 to G-24: main.cf gives every parameter, or an error that says where', () => {
    fc.assert(
      fc.property(anyFile(mainFiles), (mainCf) => expectLocated(mainCf, Buffer.from(MASTER_CF))),
      { numRuns: 400 },
    )
  })

  it('G-37 to G-43: master.cf gives its services, or an error that says where', () => {
    const mainCf = Buffer.from('compatibility_level = 3.6\n')
    fc.assert(
      fc.property(anyFile(masterFiles), (masterCf) => expectLocated(mainCf, masterCf)),
      { numRuns: 400 },
    )
  })
})

it('G-19: of two parameters that do not fit, the one that is set is to blame', () => {
  const mainCf = Buffer.from('mail_name = x\nverp_delimiter_filter = yes\n')
  expect(problemOf(mainCf, Buffer.from(MASTER_CF))).toMatchObject({
    line: 2,
    parameter: 'verp_delimiter_filter',
    value: 'yes',
  })
})

it.each(['constructor', '__proto__', 'toString'])('%s is a name like others', (name) => {
  const lines = `mail_name = x$${name}\nimport_environment = ${name}\n`
  const masterCf = Buffer.from(`${name} unix - - n - - smtp -o ${name}=$${name}\n`)
  for (const more of ['', `${name} = x\n`]) {
    const problem = problemOf(Buffer.from(`${lines}${more}`), masterCf)
    expect(problem?.warnings).toEqual([`unreasonable macro call nesting: "${name}"`])
    expect(problemOf(Buffer.from(`${lines}${more}`), Buffer.from(MASTER_CF))).toBeUndefined()
  }
})

const DOUBLING = Array.from({ length: 60 }, (_, n) => `a${n} = $a${n + 1}$a${n + 1}\n`).join('')
const BIG = `big = ${'x,'.repeat(500_000)}\n`

describe('what would take for ever', () => {
  it.each([
    ['values that double', `${DOUBLING}a60 = x\nmail_name = $a0\n`],
    ['values that double in conditions', `${DOUBLING}a60 = x\nmail_name = \${{$a0} == {$a0}}\n`],
    ['one long value in many parameters', `${BIG}${everywhere('$big')}`],
    ['one long value compared often', `${BIG}mail_name = ${`\${{$big}=={$big}}`.repeat(2000)}\n`],
    ['a million open braces', `mail_name = ${'${'.repeat(1_000_000)}\n`],
    ['a hundred thousand nested conditions', `mail_name = ${'${a?{'.repeat(100_000)}\n`],
    ['a cycle', 'a = $b$b\nb = $c$c\nc = $a$a\nmail_name = $a\n'],
    ['a number with a million digits', `max_use = ${'9'.repeat(1_000_000)}\n`],
    ['a name that is a million blanks', `mail_name${' '.repeat(1_000_000)}x\n`],
  ])('G-13: %s: an error that says where', (_, text) => {
    const error = problemOf(Buffer.from(text), Buffer.from(MASTER_CF))
    expect(error).toMatchObject({ file: 'CONF/main.cf', line: expect.any(Number) })
    expect(explainError(error!)?.length).toBeLessThan(500)
  })

  it('long values and many lines alone are fine', () => {
    const many = Array.from({ length: 20_000 }, (_, n) => `n${n} = $n${n - 1}\n`).join('')
    const text = `${BIG}relay_domains = $big\nmax_use = ${'0'.repeat(500_000)}7\n${many}`
    expect(problemOf(Buffer.from(text), Buffer.from(MASTER_CF))).toBeUndefined()
  })
})

function everywhere(value: string): string {
  return [...parameters]
    .filter(([, { type }]) => type === 'list' || type === 'maps')
    .map(([name]) => `${name} = ${value}\n`)
    .join('')
}

function expectLocated(mainCf: Uint8Array, masterCf: Uint8Array): void {
  const error = problemOf(mainCf, masterCf)
  if (error === undefined) return
  expect({ ...error, message: error.message }).toMatchObject({
    file: expect.stringMatching(/^CONF\/(main|master)\.cf$/),
    line: expect.any(Number),
  })
}

/** Reads and asks for all there is. Anything but a ConfigError is thrown. */
function problemOf(mainCf: Uint8Array, masterCf: Uint8Array): ConfigError | undefined {
  const files: Readonly<Record<string, Uint8Array>> = {
    'CONF/main.cf': mainCf,
    'CONF/master.cf': masterCf,
    '/etc/mailname': Buffer.from('mail.example.test\n'),
  }
  const readFile = (path: string): Uint8Array => {
    const bytes = files[path]
    if (bytes !== undefined) return bytes
    throw Object.assign(new Error(`open ${decodeAddress(Buffer.from(path))}`), { code: 'ENOENT' })
  }
  try {
    readAll(readFile)
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

function readAll(readFile: Environment['readFile']): void {
  const environment: Environment = {
    hostname: 'mx',
    configDirectory: 'CONF',
    processName: 'posthouse',
    processId: 1,
    interfaceAddresses: ['127.0.0.1/8', '192.0.2.1/24', '::1/128', '2001:db8::1/64'],
    readFile,
  }
  const parsed = loadMainCf('CONF', readFile)
  const config = resolveConfig({ mainCf: parsed, environment })
  const master = loadMasterCf(config, readFile)
  const ofServices = master.services.map(({ overrides, file, line }) =>
    resolveConfig({ mainCf: parsed, overrides, overridesAt: { file, line }, environment }),
  )
  for (const each of [config, ...ofServices]) askAll(each)
  unusedParameters(parsed, master)
  parametersWithoutEffect([config, ...ofServices])
}

function askAll(config: Config): void {
  for (const name of ['smtp', 'slow']) transportParameters(config, name)
  unsupportedSettings(config, ['smtp', 'slow'])
  compatibilityNotices(config)
  importedEnvironment(config, { TZ: 'UTC' })
  for (const name of config.settings.names) config.settings.expanded(name)
}
