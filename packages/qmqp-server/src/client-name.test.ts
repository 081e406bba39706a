import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { createClientNameLookup } from './index.ts'

const NAMES: Record<string, string> = {
  '127.0.0.1': 'localhost',
  '127.0.0.12': 'forged.example.net',
  '127.0.0.13': 'noaddr.example.net',
  '127.0.0.15': '127.0.0.15',
  '127.0.0.16': 'bad..example.net',
  '127.0.0.17': 'Upper.Example.NET',
  '::1': 'localhost',
}
const ADDRESSES: Record<string, readonly string[]> = {
  'localhost 4': ['127.0.0.1'],
  'localhost 6': ['::1'],
  'forged.example.net 4': ['192.0.2.1', '192.0.2.2'],
  'Upper.Example.NET 4': ['192.0.2.1', '127.0.0.17'],
}

describe('createClientNameLookup', () => {
  it.each([
    ['acc-a01', '127.0.0.1', 'localhost', []],
    ['acc-a61', '::1', 'localhost', []],
    [
      'acc-a03, Q-409',
      '127.0.0.12',
      'unknown',
      ['warning: hostname forged.example.net does not resolve to address 127.0.0.12'],
    ],
    [
      'acc-a04, Q-409',
      '127.0.0.13',
      'unknown',
      [
        'warning: hostname noaddr.example.net does not resolve to address 127.0.0.13: ' +
          'Name or service not known',
      ],
    ],
    ['acc-a05, no name', '127.0.0.14', 'unknown', []],
    ['numeric', '127.0.0.15', 'unknown', ['warning: numeric hostname: 127.0.0.15']],
    ['acc-a07, malformed', '127.0.0.16', 'unknown', []],
    ['acc-a08, letter case kept', '127.0.0.17', 'Upper.Example.NET', []],
    ['the lookup fails', '127.0.0.99', 'unknown', []],
  ])('Q-312, %s: %s is %s', async (_, address, name, warnings) => {
    const { logger, lines, fields } = memoryLogger()
    const resolver = {
      async reverse(asked: string) {
        if (asked === '127.0.0.99') throw new Error('no answer')
        return NAMES[asked]
      },
      async forward(asked: string, family: 4 | 6) {
        const addresses = ADDRESSES[`${asked} ${family}`]
        if (addresses === undefined) throw new Error('Name or service not known')
        return addresses
      },
    }
    const lookup = createClientNameLookup(resolver, logger)
    const family = address.includes(':') ? 6 : 4
    expect(await lookup({ address, port: 1, family })).toBe(name)
    expect(lines).toEqual(warnings)
    expect(fields).toMatchObject(warnings.map(() => ({ clientAddress: address })))
  })
})
