import { expect, it } from 'vitest'

import { isAddressLiteral, parseAddressLiteral } from './index.ts'

it.each([
  ['[127.0.0.1]', 4, '127.0.0.1'],
  ['[IPv6:::1]', 6, '::1'],
  ['[ipv6:2001:DB8:0:0:0:0:0:1]', 6, '2001:db8::1'],
  ['[IPv6:::ffff:192.0.2.1]', 6, '::ffff:192.0.2.1'],
])('G-143: reads %s', (domain, family, address) => {
  expect(parseAddressLiteral(domain)).toEqual({ family, address })
  expect(isAddressLiteral(domain)).toBe(true)
})

it.each([
  '',
  '[]',
  '[',
  '127.0.0.1',
  '[127.0.0.1',
  '[999.1.1.1]',
  '[127.1]',
  '[::1]',
  '[IPv6:]',
  '[IPv6:127.0.0.1]',
  '[IPv6:fe80::1%eth0]',
  'dest.test',
])('G-144: refuses %j', (domain) => {
  expect(parseAddressLiteral(domain)).toBeUndefined()
  expect(isAddressLiteral(domain)).toBe(false)
})
