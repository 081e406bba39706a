import { describe, expect, it } from 'vitest'

import { isValidHostname, isValidUtf8Hostname } from './index.ts'

const LABEL_63 = 'a'.repeat(63)
const NAME_255 = `${`${LABEL_63}.`.repeat(3)}${LABEL_63}`

describe('isValidHostname', () => {
  it.each([
    'dest.test',
    'DEST',
    'a',
    'bad_host.test',
    '_dmarc.test',
    '4.test',
    '1.2.3a',
    'a--b.test',
    `${LABEL_63}.test`,
    NAME_255,
  ])('G-144: takes %s', (name) => {
    expect(isValidHostname(name)).toBe(true)
    expect(isValidUtf8Hostname(name)).toBe(true)
  })

  it.each([
    '',
    '.',
    '.dest.test',
    'dest..test',
    'dest.test.',
    '-bad.test',
    'bad-.test',
    'a.-',
    '123',
    '1.2.3',
    '127.0.0.1',
    '::1',
    '[127.0.0.1]',
    'a b',
    'a.test\n',
    'dest.test>',
    `a${LABEL_63}.test`,
    `${NAME_255}a`,
  ])('G-144: refuses %j', (name) => {
    expect(isValidHostname(name)).toBe(false)
    expect(isValidUtf8Hostname(name)).toBe(false)
  })
})

describe('isValidUtf8Hostname', () => {
  it('takes names in UTF-8, which isValidHostname does not', () => {
    expect(isValidUtf8Hostname('däst.test')).toBe(true)
    expect(isValidHostname('däst.test')).toBe(false)
  })

  it.each(['d\udcffst.test', 'ä..test', '-ä.test', '１.２.３.４', 'ä b.test'])(
    'refuses %j',
    (name) => {
      expect(isValidUtf8Hostname(name)).toBe(false)
    },
  )
})
