// biome-ignore-all lint/suspicious/noTemplateCurlyInString: macros of main.cf look like that.

import { expect, it } from 'vitest'

import { parseMainCf, parseMasterCf, unusedParameters } from './index.ts'

it('G-31: names what no program reads', () => {
  expect(check('foo = bar\nmyhostname = x.test\n', 'smtp unix - - - - - smtp -o foz=baz')).toEqual([
    'CONF/main.cf: unused parameter: foo=bar',
    'CONF/master.cf: unused parameter: foz=baz',
  ])
})

it('G-31: names what has no value', () => {
  const text = 'myhostname = $b ${d?x} ${c:{$$f$g}} $(stress)\nb = $nosuch\nzz = $hh\n'
  expect(check(text, 'smtp unix - - - - - smtp -o syslog_name=$quux$b')).toEqual([
    'CONF/master.cf: undefined parameter: quux',
    'CONF/main.cf: undefined parameter: d',
    'CONF/main.cf: undefined parameter: c',
    'CONF/main.cf: undefined parameter: g',
    'CONF/main.cf: undefined parameter: nosuch',
    'CONF/main.cf: undefined parameter: hh',
    'CONF/main.cf: unused parameter: zz=$hh',
  ])
})

it('G-30: a name counts as used through used names, -o values and restriction classes', () => {
  const text = [
    'a = $b',
    'b = 1',
    'myhostname = $a',
    'c = 1',
    'smtpd_restriction_classes = mine',
    'mine = $inner',
    'inner = reject',
    'smtpd_banner = hello',
  ].join('\n')
  expect(check(text, 'smtp unix - - - - - smtp -o d=1 -o syslog_name=$c$d')).toEqual([])
})

it('G-30: parameters of a legacy table definition count as used', () => {
  const text = 'transport_maps = ldap:corp\ncorp_server_host = x\nldap_server_host = y\n'
  expect(check(text, '')).toEqual(['CONF/main.cf: unused parameter: ldap_server_host=y'])
})

it('G-32: per-transport names need a service with a delivery agent', () => {
  const text = [
    'slow_destination_rate_delay = 1s',
    'slow_time_limit = 5',
    'sp_time_limit = 5',
    'sp_recipient_limit = 5',
    'other_recipient_limit = 5',
  ].join('\n')
  const master = 'slow unix - - - - - pipe flags=x\nsp unix - - - - - spawn\n'
  expect(check(text, master)).toEqual([
    'CONF/main.cf: unused parameter: sp_recipient_limit=5',
    'CONF/main.cf: unused parameter: other_recipient_limit=5',
  ])
})

function check(mainText: string, masterText: string): string[] {
  const options = { file: 'CONF/master.cf', chrootByDefault: false, knownTcpPorts: new Map() }
  return unusedParameters(parseMainCf(mainText, 'CONF/main.cf'), parseMasterCf(masterText, options))
}
