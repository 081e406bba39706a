import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import completion from '../vectors/completion.json' with { type: 'json' }
import vectors from '../vectors/rewrite.json' with { type: 'json' }
import { type RewriteRules, rewriteAddress, rewriteExternalAddress } from './index.ts'

const LOCAL: RewriteRules = {
  myorigin: 'mail.example.com',
  mydomain: 'example.com',
  appendAtMyorigin: true,
  appendDotMydomain: false,
  swapBangpath: true,
  allowPercentHack: true,
}

const configs: Record<string, Record<string, string>> = vectors.configs

function rulesOf(config: string, rule: string): RewriteRules {
  const values = configs[config] ?? {}
  const remote = values['remote_header_rewrite_domain'] ?? ''
  const isLocal = rule === 'local'
  return {
    myorigin: isLocal ? vectors.shared.myhostname : remote,
    mydomain: isLocal ? vectors.shared.mydomain : remote,
    appendAtMyorigin: values['append_at_myorigin'] !== 'no',
    appendDotMydomain: values['append_dot_mydomain'] === 'yes',
    swapBangpath: values['swap_bangpath'] !== 'no',
    allowPercentHack: values['allow_percent_hack'] !== 'no',
  }
}

describe('rewriteExternalAddress', () => {
  it.each(vectors.cases)(
    'G-139, G-140: $config $rule $address',
    ({ config, rule, address, result }) => {
      expect(rewriteExternalAddress(address, rulesOf(config, rule))).toBe(result)
    },
  )

  it('G-139: leaves the empty text, makes "" of blanks', () => {
    expect(rewriteExternalAddress('', LOCAL)).toBe('')
    expect(rewriteExternalAddress(' ', LOCAL)).toBe('""')
  })
})

describe('rewriteAddress', () => {
  it.each([...completion.cases, ['j\udcf6rg@example.org', 'j\udcf6rg@example.org']])(
    'Q-501: %j becomes %j',
    (address, result) => {
      expect(rewriteAddress(address!, LOCAL)).toBe(result)
    },
  )

  it.each([
    ['user@host', 'user@host.example.com'],
    ['user@host.', 'user@host'],
    ['user@[192.0.2.1]', 'user@[192.0.2.1]'],
    ['user@', 'user@'],
    ['site!user', 'user@site.example.com'],
  ])('Q-501: with append_dot_mydomain %j becomes %j', (address, result) => {
    expect(rewriteAddress(address, { ...LOCAL, appendDotMydomain: true })).toBe(result)
  })

  it('does the same with and without the short cut for ordinary addresses', () => {
    const atom = fc.string({ unit: fc.constantFrom(...'aB9.-_+%!@'), maxLength: 8 })
    const rules = { ...LOCAL, appendDotMydomain: true }
    fc.assert(
      fc.property(atom, atom, (localPart, domain) => {
        const address = `${localPart}@${domain}`
        const padding = 'x'.repeat(400) // Too long for the short cut.
        const long = rewriteAddress(padding + address, rules)
        const short = rewriteAddress(`x${address}`, rules)
        expect(long).toBe(`${padding.slice(1)}${short}`)
      }),
      { numRuns: 200 },
    )
  })

  it('never throws, and without a source route completes only once', () => {
    const odd = fc.string({
      unit: fc.constantFrom(...'ab.@"\\ ,:;<>()[]!%|\r\nü\udcff'),
      maxLength: 10,
    })
    fc.assert(
      fc.property(odd, (text) => {
        const once = rewriteAddress(`x${text}@example.org`, LOCAL)
        expect(rewriteAddress(once, LOCAL)).toBe(once)
        rewriteAddress(text, LOCAL)
      }),
      { numRuns: 200 },
    )
  })
})
