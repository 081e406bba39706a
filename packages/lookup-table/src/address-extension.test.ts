import { expect, it } from 'vitest'

import { splitExtension } from './address-extension.ts'

it.each([
  ['user+list', '+', 'user', '+list'],
  ['user+a+b', '+', 'user', '+a+b'],
  ['user', '+', 'user', undefined],
  ['user+', '+', 'user', '+'],
  ['+list', '+', '+list', undefined],
  ['+a+b', '+', '+a', '+b'],
  ['user-a+b', '+-', 'user', '-a+b'],
  ['user+a-b', '-', 'user+a', '-b'],
  ['user+list', '', 'user+list', undefined],
  ['Postmaster', 'm', 'Postmaster', undefined],
  ['MAILER-DAEMON', '-', 'MAILER-DAEMON', undefined],
  ['double-bounce', '-', 'double-bounce', undefined],
  ['double-bounces', '-', 'double', '-bounces'],
])('G-55: %s with recipient_delimiter = %s', (localPart, delimiters, base, extension) => {
  const rules = { delimiters, ownerRequestSpecial: true }
  expect(splitExtension(localPart, rules)).toEqual({ base, extension })
})

it.each([
  ['owner-list', undefined],
  ['Owner-list', undefined],
  ['list-request', undefined],
  ['owner-', '-'],
  ['my-owner', '-owner'],
  ['list-requests', '-requests'],
])('owner_request_special: %s', (localPart, extension) => {
  const rules = { delimiters: '-', ownerRequestSpecial: true }
  expect(splitExtension(localPart, rules).extension).toBe(extension)
  expect(splitExtension(localPart, { ...rules, ownerRequestSpecial: false }).extension).toBe(
    localPart.slice(localPart.indexOf('-')),
  )
  const plus = { delimiters: '+', ownerRequestSpecial: true }
  expect(splitExtension(`${localPart}+x`, plus).extension).toBe('+x')
})
