import { describe, expect, expectTypeOf, it } from 'vitest'

import vectors from '../vectors/values.json' with { type: 'json' }
import {
  ConfigError,
  type ConfigSource,
  type Environment,
  parseMainCf,
  resolveConfig,
} from './index.ts'

const FILE = 'CONF/main.cf'

const environment: Environment = {
  hostname: 'mx.example.test',
  configDirectory: 'CONF',
  processName: 'posthouse',
  processId: 42,
  interfaceAddresses: ['127.0.0.1/8', '192.0.2.77/25', '::1/128', '2001:db8:0:1:a::9/64'],
  readFile: (path) => {
    const text = { '/etc/mailname': 'mail.example.test\nmore\n', '/empty': ' \n' }[path]
    if (text !== undefined) return Buffer.from(text)
    throw Object.assign(new Error('open'), { code: 'ENOENT' })
  },
}

// They need the user database, which is the application's.
const NEEDS_ACCOUNTS = ['mail_owner', 'setgid_group', 'default_privs']
// A daemon lets the first pass, commands and master(8) do not; the second is found at first use.
const STRICTER = ['import_environment = =x', 'smtp_host_lookup = bogus']
const valueVectors = vectors.cases.filter(
  ({ name, value }) => !NEEDS_ACCOUNTS.includes(name) && !STRICTER.includes(`${name} = ${value}`),
)

describe('resolveConfig, types and limits', () => {
  it.each(valueVectors)(
    'G-15 to G-19, vector: $name = $value',
    ({ name, value, fatal, warnings }) => {
      const { message, warnings: found, error } = attempt(`# first\n${name} = ${value}\n`)
      expect(message).toBe(fatal)
      expect(found).toEqual(warnings)
      if (fatal === null) return
      const place = { file: FILE, line: 2, parameter: name, value }
      expect(error).toMatchObject({ ...place, code: 'value', expected: expect.any(String) })
    },
  )

  it('has values in the types of their rows', () => {
    const config = resolve('relay_domains = a.test, b.test\n')
    expectTypeOf(config.smtp_connect_timeout).toEqualTypeOf<number>()
    expectTypeOf(config.soft_bounce).toEqualTypeOf<boolean>()
    expectTypeOf(config.relay_domains).toEqualTypeOf<readonly string[]>()
    expectTypeOf(config.transport_maps).toEqualTypeOf<readonly string[]>()
    expectTypeOf(config.message_size_limit).toEqualTypeOf<number>()
    expectTypeOf(config.hopcount_limit).toEqualTypeOf<number>()
    expectTypeOf(config.myhostname).toEqualTypeOf<string>()
    expectTypeOf(config.process_id).toEqualTypeOf<string>()
    expectTypeOf(config.relay_destination_rate_delay).toEqualTypeOf<number>()
    expectTypeOf(config.relay_destination_concurrency_positive_feedback).toEqualTypeOf<string>()
    expectTypeOf(config.lmtp_connect_timeout).toEqualTypeOf<number>()
    expectTypeOf(config.lmtp_lhlo_name).toEqualTypeOf<string>()
    expectTypeOf(config).not.toHaveProperty('smtpd_banner')
    expectTypeOf(config).not.toHaveProperty('smtp_conect_timeout')
    expectTypeOf(config).not.toHaveProperty('lmtp_helo_name')
    expect(config.smtp_connect_timeout).toBe(30_000)
    expect(config.soft_bounce).toBe(false)
    expect(config.relay_domains).toEqual(['a.test', 'b.test'])
    expect(config.message_size_limit).toBe(10_240_000)
    expect(config.hopcount_limit).toBe(50)
    expect(config.process_id).toBe('42')
  })

  it.each([
    ['10sec', 10_000],
    ['10moons', 600_000],
    ['2w', 1_209_600_000],
    ['100', 100_000],
    ['+5', 5_000],
    ['35791393m', 2_147_483_580_000],
  ])('G-16: max_idle = %s', (text, milliseconds) => {
    expect(resolve(`max_idle = ${text}\n`).max_idle).toBe(milliseconds)
  })

  it('G-16: a time without unit has that of its default', () => {
    expect(resolve('maximal_queue_lifetime = 3\n').maximal_queue_lifetime).toBe(3 * 86_400_000)
    expect(resolve('delay_warning_time = 4\n').delay_warning_time).toBe(4 * 3_600_000)
  })

  it('G-16: refuses what does not fit', () => {
    expect(attempt('ipc_ttl = 35791394m\n').message).toMatch('bad time value or unit: 35791394m')
    expect(attempt('ipc_ttl = 2147483648\n').message).toMatch('bad time value or unit: 2147483648')
  })

  it('G-15: takes negative numbers where no minimum is, and 64 bits for sizes', () => {
    expect(resolve('smtp_mx_address_limit = -1\n').smtp_mx_address_limit).toBe(-1)
    expect(attempt('fork_attempts = -2147483648\n').message).toBe(
      'invalid fork_attempts parameter value -2147483648 < 1',
    )
    expect(attempt('message_size_limit = 9223372036854775807\n').message).toBeNull()
    expect(attempt('message_size_limit = 9223372036854775808\n').message).toBe(
      'bad numerical configuration: message_size_limit = 9223372036854775808',
    )
  })

  it('mail_owner may be empty, which Postfix refuses: nobody to become', () => {
    expect(resolve('mail_owner =\n').mail_owner).toBe('')
  })

  it('G-15: refuses numbers above the maximum', () => {
    expect(attempt('delay_logging_resolution_limit = 7\n').message).toBe(
      'invalid delay_logging_resolution_limit parameter value 7 > 6',
    )
  })

  it('G-22: takes the words of a list in any case, and refuses others', () => {
    expect(resolve('notify_classes = Bounce, DATA\n').notify_classes).toEqual(['bounce', 'data'])
    expect(attempt('notify_classes = bounce, foo\n').message).toBe(
      'unknown notify_classes value "foo" in "bounce, foo"',
    )
  })

  it.each([
    ['smtp_host_lookup', 'dns, DNS', 'unknown smtp_host_lookup value "DNS" in "dns, DNS"'],
    ['smtp_dns_resolver_options', 'x', 'unknown smtp_dns_resolver_options value "x" in "x"'],
    ['inet_protocols', 'IPV4', 'unknown inet_protocols value "IPV4" in "IPV4"'],
    ['smtp_address_verify_target', 'x', 'bad protocol stage: "smtp_address_verify_target = x"'],
  ])('G-22: refuses %s = %s', (name, value, message) => {
    expect(attempt(`${name} = ${value}\n`).error).toMatchObject({
      ...{ message, file: FILE, line: 1, parameter: name, value, expected: expect.any(String) },
    })
  })

  it('G-22: takes words of a few single choices in any case', () => {
    const text = 'smtp_address_preference = IPv4\nsmtp_dns_support_level = Disabled\n'
    expect(resolve(text)).toMatchObject({
      ...{ smtp_address_preference: 'ipv4', smtp_dns_support_level: 'disabled' },
    })
  })

  it('G-48: $service_name is the name of the line whose -o option it is in', () => {
    const config = resolveConfig({
      mainCf: parseMainCf('', FILE),
      overrides: [['syslog_name', 'postfix/$service_name']],
      environment: { ...environment, processName: 'smtp', serviceName: 'relay' },
    })
    expect([config.syslog_name, config.process_name]).toEqual(['postfix/relay', 'smtp'])
  })

  it('G-24: does not split inside braces, and strips them from table references', () => {
    const config = resolve(
      'transport_maps = inline:{a=b, c=d}, {inline:{ {e = f} }} hash:x\nrelay_domains = {a b},c\n',
    )
    expect(config.transport_maps).toEqual(['inline:{a=b, c=d}', 'inline:{ {e = f} }', 'hash:x'])
    expect(config.relay_domains).toEqual(['{a b}', 'c'])
    expect(attempt('transport_maps = {a\n').message).toBe('missing \'}\' in "{a"')
    expect(attempt('transport_maps = {a}b\n').message).toBe('syntax error after \'}\' in "{a}b"')
  })

  it('G-15: says where a bad value is', () => {
    expect(() => resolve('a = 1\nmax_use = $a$b\nb = x\n')).toThrow(
      expect.objectContaining({
        code: 'value',
        message: 'bad numerical configuration: max_use = 1x',
        ...{ file: FILE, line: 2, parameter: 'max_use', value: '1x' },
      }),
    )
  })
})

describe('resolveConfig, expansion', () => {
  it('G-14: names the parameter whose macros are wrong', () => {
    expect(() => resolve('soft_bounce = $x$\n')).toThrow(
      expect.objectContaining({
        code: 'macro',
        message: 'dictionary mail_dict: macro processing error',
        warnings: ['empty macro name: "$x$"'],
        ...{ file: FILE, line: 1, parameter: 'soft_bounce', value: '$x$' },
      }),
    )
  })

  it('G-13: a parameter that refers to itself is an error', () => {
    expect(attempt('ipc_ttl = $ipc_ttl\n').warnings).toEqual([
      'unreasonable macro call nesting: "ipc_ttl"',
    ])
  })

  it('says where the parameter is set that a default has its bad value from', () => {
    expect(() => resolve(`a = b\nlocal_recipient_maps = \${x\n`)).toThrow(
      expect.objectContaining({ file: FILE, line: 2, parameter: 'proxy_read_maps' }),
    )
  })

  it('G-17, G-26: defaults follow other parameters and the compatibility level', () => {
    const old = resolve('')
    expect(old.append_dot_mydomain).toBe(true)
    expect(old.smtputf8_enable).toBe(false)
    expect(old.relay_domains).toEqual(['mx.example.test', 'localhost.example.test', 'localhost'])
    const current = resolve('compatibility_level = 3.6\nmydestination = x.test\n')
    expect(current.append_dot_mydomain).toBe(false)
    expect(current.smtputf8_enable).toBe(true)
    expect(current.relay_domains).toEqual([])
  })

  it('G-33: the last override wins over main.cf, and defaults follow it', () => {
    const config = resolve('default_destination_concurrency_limit = 5\n', [
      ['default_destination_concurrency_limit', '6'],
      ['default_destination_concurrency_limit', '7'],
      ['process_name', 'other'],
    ])
    expect(config.smtp_destination_concurrency_limit).toBe(7)
    expect(config.process_name).toBe('posthouse')
  })

  it('G-171: old names keep working where the new one refers to them', () => {
    const config = resolve('fallback_relay = old.test\nsmtp_per_record_deadline = yes\n')
    expect(config.smtp_fallback_relay).toEqual(['old.test'])
    expect(config.smtp_per_request_deadline).toBe(true)
    expect(resolve('').smtp_per_request_deadline).toBe(false)
  })

  it('expands names that it does not know', () => {
    const config = resolve('mine = x\nmyhostname = $mine.test\n')
    expect(config.myhostname).toBe('x.test')
    expect(config.settings.expand('$mine-$process_name')).toBe('x-posthouse')
    expect(config.settings.unexpanded('nothing')).toBeUndefined()
  })
})

describe('resolveConfig, run-time defaults (G-20)', () => {
  const bare = { ...environment, hostname: 'vm' }
  const ONE_STYLE = 'bad mynetworks_style value: ; specify exactly one value'
  const OF_HOST = `file ${FILE}: parameter myhostname: bad parameter value: vm.d.`

  it.each([
    ['myhostname = host.$mydomain', 'bad string length 0 < 1: mydomain = ', []],
    ['mydomain = d.$myhostname', OF_HOST, ['valid_hostname: misplaced delimiter: vm.d.']],
    ['mynetworks_style = $mynetworks', ONE_STYLE, []],
  ])('one that depends on itself is empty in there: %s', (line, message, warnings) => {
    const source = { mainCf: parseMainCf(`compatibility_level = 3.6\n${line}\n`, FILE) }
    expect(() => resolveConfig({ ...source, environment: bare })).toThrow(
      expect.objectContaining({ message, warnings, file: FILE, line: 2 }),
    )
  })

  it('and does not count where that is no error', () => {
    expect(resolve('inet_interfaces = $mynetworks\n').mynetworks).toEqual([])
  })

  it.each([
    ['', 'bad string length 0 < 1: mynetworks_style = '],
    ['host subnet', 'bad mynetworks_style value: host subnet; specify exactly one value'],
    ['bogus x', 'unknown mynetworks mask style value "bogus" in "bogus x"'],
    ['HOST', 'unknown mynetworks mask style value "HOST" in "HOST"'],
  ])('G-19: mynetworks_style = %s', (style, message) => {
    expect(attempt(`mynetworks_style = ${style}\n`).message).toBe(message)
  })

  it('asks the environment', () => {
    const config = resolve('compatibility_level = 2\n')
    expect(config).toMatchObject({
      ...{ myhostname: 'mx.example.test', mydomain: 'example.test', config_directory: 'CONF' },
      ...{ process_id: '42', process_name: 'posthouse', service_name: 'posthouse' },
    })
  })

  it.each([
    ['mx', '', 'mx.localdomain', 'localdomain'],
    ['mx', 'mydomain = x.test\n', 'mx.x.test', 'x.test'],
    ['mx', 'myhostname = foo\n', 'foo', 'localdomain'],
    ['a.b.c', '', 'a.b.c', 'b.c'],
  ])('host %s, %j: %s in %s', (hostname, text, myhostname, mydomain) => {
    const mainCf = parseMainCf(text, FILE)
    const config = resolveConfig({ mainCf, environment: { ...environment, hostname } })
    expect([config.myhostname, config.mydomain]).toEqual([myhostname, mydomain])
  })

  it.each([
    ['host', ['127.0.0.1/32', '192.0.2.77/32', '[::1]/128', '[2001:db8:0:1:a::9]/128']],
    ['subnet', ['127.0.0.0/8', '192.0.2.0/25', '[::1]/128', '[2001:db8:0:1::]/64']],
    ['class', ['127.0.0.0/8', '192.0.2.0/24', '[::1]/128', '[2001:db8:0:1::]/64']],
  ])('mynetworks_style = %s', (style, networks) => {
    expect(resolve(`mynetworks_style = ${style}\n`).mynetworks).toEqual(networks)
  })

  it('mynetworks follows inet_interfaces and inet_protocols', () => {
    const networks = (text: string) => resolve(`mynetworks_style = host\n${text}`).mynetworks
    expect(networks('inet_protocols = ipv4\n')).toEqual(['127.0.0.1/32', '192.0.2.77/32'])
    expect(networks('inet_interfaces = loopback-only\n')).toEqual(['127.0.0.1/32', '[::1]/128'])
    expect(networks('inet_interfaces = [::1], 192.0.2.77\n')).toEqual([
      ...['192.0.2.77/32', '[::1]/128'],
    ])
  })

  it('G-19: checks mynetworks_style only when it is used', () => {
    expect(attempt('mynetworks_style = bogus\n').message).toBe(
      'unknown mynetworks mask style value "bogus" in "bogus"',
    )
    expect(attempt('mynetworks_style = bogus\nmynetworks = 10.0.0.0/8\n').message).toBeNull()
  })
})

describe('resolveConfig, checks (G-19)', () => {
  it('myorigin = /file is the first line of the file, but not in other values', () => {
    const config = resolve('myorigin = /etc/mailname\nmydestination = $myorigin\n')
    expect(config.myorigin).toBe('mail.example.test')
    expect(config.mydestination).toEqual(['/etc/mailname'])
    expect(attempt('myorigin = /empty\n').message).toBe('myorigin file /empty is empty')
  })

  it.each([
    [
      'relayhost = MX.test\nmyhostname = mx.test',
      /^myhostname and relayhost .* identical: mx.test$/,
    ],
    ['inet_protocols = ipv4, ipv5', /^unknown inet_protocols value "ipv5" in "ipv4, ipv5"$/],
    ['syslog_facility = bogus', /^file .*: parameter syslog_facility: unrecognized value: bogus$/],
    ['log_format = xml', /^invalid log_format: "xml"$/],
    ['maillog_file_permissions = 0666', /^invalid maillog_file_permissions: "0666"$/],
    ['maillog_file = /tmp/x', /^maillog_file value '\/tmp\/x' does not match any prefix/],
    ['info_log_address_format = bogus', /^invalid parameter setting "info_log_address_format = b/],
    ['default_verp_delimiters = +x', /bad second VERP delimiter character$/],
    ['non_empty_end_of_header_action = x', /^invalid non_empty_end_of_header_action: "x"$/],
    ['message_reject_characters = a\\q', /^bad escape sequence \\q in: message_reject_.* = a\\q$/],
    ['receive_override_options = no_milters, foo', /^unknown .* value "foo" in "no_milters, foo"$/],
    ['smtputf8_autodetect_classes = foo', /^unknown smtputf8_autodetect_classes value "foo" in/],
    ['compatibility_level = 3.x', /^malformed compatibility level syntax: "3.x"$/],
  ])('%s', (text, message) => {
    expect(attempt(`${text}\n`).message).toMatch(message)
  })

  it.each([
    ['a..b', 'misplaced delimiter: a..b'],
    ['a.-b', 'misplaced hyphen: a.-b'],
    [`${'a'.repeat(64)}.b`, `hostname label too long: ${'a'.repeat(64)}.b`],
    ['é.b', 'invalid character 195(decimal): é.b'],
    ['1.2', 'numeric hostname: 1.2'],
    [`${'abcdefgh.'.repeat(40)}x`, `bad length 361 for ${'abcdefgh.'.repeat(11)}a...`],
  ])('myhostname = %s: %s', (name, problem) => {
    expect(attempt(`myhostname = ${name}\n`)).toMatchObject({
      message: `file ${FILE}: parameter myhostname: bad parameter value: ${name}`,
      warnings: [`valid_hostname: ${problem}`],
    })
  })

  it('known_tcp_ports: a bad entry is a warning', () => {
    expect(resolve('known_tcp_ports = smtp=xx,a=b=5,c,=5,f=\n').warnings).toEqual([
      'known_tcp_ports: in "smtp=xx": non-numerical service port',
      'known_tcp_ports: in "c" is not in "name = value" form',
      'known_tcp_ports: in "=5": missing service name before "="',
      'known_tcp_ports: in "f=": missing port value after "="',
    ])
  })
})

interface Attempt {
  readonly message: string | null
  readonly warnings: readonly string[]
  readonly error: ConfigError | undefined
}

function resolve(text: string, overrides: ConfigSource['overrides'] = []) {
  return resolveConfig({ mainCf: parseMainCf(text, FILE), overrides, environment })
}

function attempt(text: string): Attempt {
  try {
    resolve(text)
    return { message: null, warnings: [], error: undefined }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { message: error.message, warnings: error.warnings, error }
  }
}
