import { expect, it } from 'vitest'

import { splitAddress } from './index.ts'

it.each([
  ['user@dom', 'user', 'dom'],
  ['a@b@c', 'a@b', 'c'],
  ['@dom', '', 'dom'],
  ['user@', 'user', ''],
  ['user', 'user', undefined],
  ['', '', undefined],
])('G-135: splits %j at the last @', (address, localPart, domain) => {
  expect(splitAddress(address)).toEqual({ localPart, domain })
})
