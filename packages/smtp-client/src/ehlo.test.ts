import { describe, expect, it } from 'vitest'

import { discardList, NO_FEATURES, parseEhlo } from './ehlo.ts'

function parse(lines: readonly string[], discard: readonly string[] = []) {
  const bad: string[] = []
  const { keywords } = discardList(discard)
  const { name, ...features } = parseEhlo(lines.join('\n'), keywords, (text) => bad.push(text))
  const { name: _, ...none } = NO_FEATURES
  const changed = Object.entries(features).filter(
    ([key, value]) => value !== none[key as keyof typeof none],
  )
  return { name, features: Object.fromEntries(changed), bad }
}

describe('parseEhlo', () => {
  it.each([
    [['250-mx.test', '250-PIPELINING', '250 8BITMIME'], { pipelining: true, eightBitMime: true }],
    [['250-mx.test hello', '250-size=100', '250 dsn'], { size: true, sizeLimit: 100, dsn: true }],
    [['250-mx.test', '250 SIZE'], { size: true }],
    [['250-mx.test', '250-SIZE 0', '250-  smtputf8'], { size: true, smtputf8: true }],
    [['250-mx.test', '250-8BITMIME junk', '250 STARTTLS-NOW'], { eightBitMime: true }],
    [['250-mx.test', '250-SIZE?10240000', '250 X-FOO bar'], {}],
    [['250-mx.test', '250 xforward Name ADDR'], { xforward: ['NAME', 'ADDR'] }],
    [['250-mx.test', '250-XFORWARD NAME', '250 XFORWARD ADDR'], { xforward: ['NAME', 'ADDR'] }],
    [['250-PIPELINING', '250 DSN'], { dsn: true }],
    [['250-', '250-PIPELINING', '250 DSN'], { dsn: true }],
  ])('C-54, C-184: %j', (lines, features) => {
    expect(parse(lines).features).toEqual(features)
  })

  it('C-54: the first word is the name of the server', () => {
    expect(parse(['250 mx.test greets you']).name).toBe('mx.test')
    expect(parse(['250-', '250 PIPELINING']).name).toBe('PIPELINING')
  })

  it('C-54: a bad SIZE limit is told, and SIZE stays', () => {
    expect(parse(['250-mx.test', '250 SIZE lots'])).toMatchObject({
      features: { size: true },
      bad: ['lots'],
    })
  })

  it('C-56: overlooks keywords', () => {
    const lines = ['250-mx.test', '250-PIPELINING', '250-SIZE 100', '250 DSN']
    expect(parse(lines, ['Pipelining', 'size']).features).toEqual({ dsn: true })
  })
})

describe('discardList', () => {
  it.each([
    [['size', 'pipelining', 'unknown'], 'discarding EHLO keywords: PIPELINING, SIZE'],
    [['size', 'silent-discard'], undefined],
    [['unknown'], undefined],
    [[], undefined],
  ])('C-56: %j', (names, text) => {
    expect(discardList(names).logText).toBe(text)
  })
})
