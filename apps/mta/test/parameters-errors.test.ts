import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { writeConfiguration } from '../harness/configuration.ts'
import { freePort, runCommand } from '../harness/posthouse.ts'

let directory: string
let conf: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  conf = join(directory, 'conf')
  writeConfiguration(directory, { port: await freePort() })
})
afterEach(() => rmSync(directory, { recursive: true }))

const BASE = 'compatibility_level = 3.6\nmyhostname = mx.example.com\nmail_owner =\n'
const LINE = BASE.split('\n').length

/** The last line of main.cf, what is said, and what explains it after file and line. */
type Case = readonly [line: string, said: string, explained: string]

const MACRO = 'dictionary mail_dict: macro processing error'
const OF_FILE = 'file CONF/main.cf: parameter'
const VERP = 'parameters default_verp_delimiters and verp_delimiter_filter'
const PREFIXES = 'does not match any prefix in maillog_file_prefixes'

const MAIN_CF: readonly Case[] = [
  ['b c', `CONF/main.cf, line ${LINE}: missing '=' after attribute name: "b c"`, 'expected name ='],
  ['= x', `CONF/main.cf, line ${LINE}: missing attribute name: "= x"`, 'expected name = value'],
  ['mail_name = x$', MACRO, 'mail_name = x$: expected $name'],
  ['mail_name = ${a', MACRO, 'mail_name = ${a: expected $name'],
  ['soft_bounce = maybe', 'bad boolean configuration: soft_bounce = maybe', 'yes or no'],
  ['max_use = abc', 'bad numerical configuration: max_use = abc', 'a whole number, at least 1'],
  ['max_use = 0', 'invalid max_use parameter value 0 < 1', 'a whole number, at least 1'],
  ['mydomain =', 'bad string length 0 < 1: mydomain = ', 'expected a value'],
  ['max_idle = 10q', 'parameter max_idle: bad time value or unit: 10q', 'digits, then s, m, h, d'],
  ['in_flow_delay = 11', 'invalid in_flow_delay: 11 (max 10)', 'at most 10 s'],
  ['myhostname = a!', `${OF_FILE} myhostname: bad parameter value: a!`, 'a domain name'],
  ['mydomain = a!', `${OF_FILE} mydomain: bad parameter value: a!`, 'a domain name'],
  ['myorigin = a b', 'myorigin parameter setting must not contain multiple values: a b', 'one dom'],
  ['myorigin = /none', '/none: cannot open file: No such file or directory', 'the path of a file'],
  [
    'relayhost = mx.example.com',
    'myhostname and relayhost parameter settings must not be identical: mx.example.com',
    'the name of another host',
  ],
  ['inet_protocols = ipv5', 'unknown inet_protocols value "ipv5" in "ipv5"', 'all, ipv4, ipv6'],
  ['smtp_bind_address = ::1', 'bad smtp_bind_address parameter: ::1', 'an IPv4 address'],
  ['syslog_facility = x', `${OF_FILE} syslog_facility: unrecognized value: x`, 'one of auth'],
  ['compatibility_level = x', 'malformed compatibility level syntax: "x"', 'such as 3.6'],
  [
    'inet_interfaces = nosuch.invalid',
    'config variable inet_interfaces: host not found: nosuch.invalid',
    'inet_interfaces = nosuch.invalid: expected',
  ],
  [
    'default_verp_delimiters = x=',
    `file CONF/main.cf: ${VERP}: bad first VERP delimiter character`,
    'two characters of -=+',
  ],
  ['mynetworks_style = x', 'unknown mynetworks mask style value "x" in "x"', 'host, subnet or'],
  ['maillog_file = /tmp/x', `maillog_file value '/tmp/x' ${PREFIXES}`, 'starts with /var'],
  ['notify_classes = x', 'unknown notify_classes value "x" in "x"', 'words of bounce'],
  ['header_from_format = x', 'unknown header_from_format value: x', 'standard or obsolete'],
  [
    'bounce_template_file = /none',
    'open bounce template file /none: No such file or directory',
    'a file with templates',
  ],
  [
    'bounce_template_file = $config_directory/master.cf',
    `CONF/master.cf, line 2: missing '=' after attribute name`,
    'a file with templates',
  ],
  ['transport_maps = {a', `missing '}' in "{a"`, 'type:name, or the same in braces'],
  ['transport_maps = {a}b', `syntax error after '}' in "{a}b"`, 'type:name'],
  ['import_environment = {b', `import_environment: missing '}' in "{b"`, 'NAME, NAME=VALUE'],
  ['import_environment = =x', 'clean_env: missing attribute name in: =x', 'NAME, NAME=VALUE'],
  ['virtual_maps = x:y', 'virtual_maps = x:y: not supported by', 'expected nothing'],
  ['message_reject_characters = \\q', 'bad escape sequence \\q in', 'expected characters, or'],
  ['receive_override_options = foo', 'unknown receive_override_options value "foo"', 'words of'],
]

describe('main.cf', () => {
  it.each(MAIN_CF)('G-8 to G-28: check refuses %s', async (line, said, explained) => {
    writeFileSync(join(conf, 'main.cf'), `${BASE}${line}\n`)
    const lines = await refusal('check')
    const [fatal = '', see = ''] = lines.slice(-2)
    expect(fatal).toContain(`posthouse: fatal: ${said}`)
    expect(see).toContain(`posthouse: see CONF/main.cf, line ${LINE}: `)
    expect(see).toContain(explained)
    const [name = '', value = ''] = line.split(' = ')
    if (value !== '') expect(see).toContain(`: ${name} = ${value}: expected `)
  })

  it('G-14, G-19: the warning that says what is wrong comes first', async () => {
    writeFileSync(join(conf, 'main.cf'), `${BASE}mail_name = x$\n`)
    expect((await refusal('check'))[0]).toBe('posthouse: warning: empty macro name: "x$"')
    writeFileSync(join(conf, 'main.cf'), `${BASE}myhostname = a!\n`)
    const found = await refusal('check')
    expect(found).toContain('posthouse: warning: valid_hostname: invalid character 33(decimal): a!')
  })

  it.runIf(process.getuid?.() === 0)('G-19: accounts, when root is to become one', async () => {
    writeFileSync(join(conf, 'main.cf'), `${BASE}mail_owner = nosuch-user\n`)
    expect(await refusal('check')).toContain(
      `posthouse: fatal: ${OF_FILE} mail_owner: unknown user name value: nosuch-user`,
    )
    writeFileSync(join(conf, 'main.cf'), `${BASE}mail_owner = nobody\nsetgid_group = root\n`)
    const lines = await refusal('check')
    expect(lines).toContain(
      `posthouse: fatal: ${OF_FILE} setgid_group: group root has privileged group ID`,
    )
  })

  it('names all settings that it cannot honour at once', async () => {
    const text = 'virtual_maps = x:y\nforce_mime_input_conversion = yes\nnon_smtpd_milters = x:y\n'
    writeFileSync(join(conf, 'main.cf'), BASE + text)
    const lines = await refusal('check')
    for (const setting of text.trimEnd().split('\n')) {
      const said = lines.filter((line) => line.includes(`: ${setting}: not supported by`))
      expect([setting, said.length]).toEqual([setting, 1])
    }
  })

  it('G-3: a file that is not there', async () => {
    rmSync(join(conf, 'main.cf'))
    const lines = await refusal('start-fg')
    expect(lines).toContain('posthouse: fatal: open CONF/main.cf: No such file or directory')
  })

  it('start-fg ends in the same way', async () => {
    writeFileSync(join(conf, 'main.cf'), `${BASE}soft_bounce = maybe\n`)
    const lines = await refusal('start-fg')
    expect(lines.slice(-2)).toEqual([
      'posthouse: fatal: bad boolean configuration: soft_bounce = maybe',
      `posthouse: see CONF/main.cf, line ${LINE}: soft_bounce = maybe: expected yes or no`,
    ])
  })
})

describe('master.cf', () => {
  it.each([
    ['a', 'missing "transport type" field', 'service, type, private'],
    ['a bogus', 'bad transport type: bogus', 'inet, unix, unix-dgram, fifo, pass'],
    ['a unix x - n - - smtp', 'field "private": bad value: "x"', 'y, n or -'],
    ['a unix - - n x - smtp', 'field "wakeup_time": bad value: "x"', 'a whole number, or -'],
    ['a unix - - n - - -', 'field "command" has no default value', 'a command'],
    ['628 inet - - n - - qmqpd', 'inet service cannot be private', 'n in the column "private"'],
    ['[::1:628 inet n - n - - qmqpd', 'missing "]" in "[::1:628"', '[address]:port'],
    ['a unix - - n - - smtp -o {a = b', `missing '}' in "{a = b"`, '{ text }'],
  ])('G-43: check refuses %s', async (line, said, explained) => {
    writeFileSync(join(conf, 'master.cf'), `# first\n${line}\n`)
    const [fatal = '', see = ''] = (await refusal('check')).slice(-2)
    expect(fatal).toBe(`posthouse: fatal: CONF/master.cf: line 2: ${said}`)
    expect(see).toMatch(/^posthouse: see CONF\/master\.cf, line 2: expected /)
    expect(see).toContain(explained)
  })

  it('G-33: a bad -o is blamed on its service', async () => {
    const text = '# first\nsmtp unix - - n - - smtp\n  -o smtp_helo_timeout=x\n'
    writeFileSync(join(conf, 'master.cf'), text)
    expect((await refusal('check')).slice(-2)).toEqual([
      'posthouse: fatal: parameter smtp_helo_timeout: bad time value or unit: x',
      expect.stringMatching(/see CONF\/master\.cf, line 2: smtp_helo_timeout = x: expected a time/),
    ])
  })

  it('G-33: a -o of what all services share has no effect, and is warned of', async () => {
    const options = '-o syslog_facility=local1 -o log_format=text -o syslog_name=out'
    writeFileSync(join(conf, 'master.cf'), `smtp unix - - n - - smtp ${options}\n`)
    const { status, output } = await runCommand('-c', conf, 'check')
    expect(status).toBe(0)
    const lines = output.replaceAll(conf, 'CONF').match(/.* no effect: set it in main.cf/g)
    expect(lines).toEqual([
      'posthouse: warning: CONF/master.cf: line 1: -o syslog_facility=local1: no effect: set it in main.cf',
    ])
  })

  it('G-42: without protocols the inet services are skipped, with warnings', async () => {
    writeFileSync(join(conf, 'main.cf'), `${BASE}inet_protocols =\n`)
    const { status, output } = await runCommand('-c', conf, 'check')
    expect(status).toBe(0)
    expect(output).toContain('warning: all network protocols are disabled (inet_protocols = )\n')
    expect(output).toContain('warning: disabling all type "inet" services in master.cf\n')
  })
})

it('G-26: check says that defaults are of an old level, once it is below that of 3.7', async () => {
  const check = async (level: string) => {
    writeFileSync(join(conf, 'main.cf'), BASE.replace('3.6', level))
    return (await runCommand('-c', conf, 'check')).output
  }
  expect(await check('2')).toContain('info: Postfix is using backwards-compatible default settings')
  expect(await check('3.6')).not.toContain('backwards-compatible')
})

/** What the command printed before it failed, with CONF for the directory. */
async function refusal(command: string): Promise<string[]> {
  const { status, output } = await runCommand('-c', conf, command)
  expect([status, output]).toEqual([1, expect.stringContaining('posthouse: fatal: ')])
  return output.replaceAll(conf, 'CONF').trimEnd().split('\n')
}
