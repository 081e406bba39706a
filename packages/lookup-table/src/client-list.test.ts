import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import access from '../vectors/qmqp-access.json' with { type: 'json' }
import recorded from '../vectors/qmqpd-authorized-clients.json' with { type: 'json' }
import { ClientList, type LookupTable, LookupTableError } from './index.ts'

const NAME = 'qmqpd_authorized_clients'
const FILES: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...access.files, ...recorded.files }),
)

describe('vectors', () => {
  it.each(access.cases)('Q-309: $id: $list for $name[$address]', (vector) => {
    const { id, list, subdomains, name, address, outcome, log } = vector
    const result = evaluate(list, name, address, subdomains === 'dot' ? 'dot' : 'parent')
    expect(result.outcome).toBe(outcome)
    // In acc-a65 Postfix crashes after the first line; we reach the item.
    expect(id === 'acc-a65' ? result.log.slice(0, 1) : result.log).toEqual(log)
  })

  it.each(recorded.cases)('G-66, G-68: $list for $name[$address]', (vector) => {
    const { list, name, address, outcome, log } = vector
    const { message, ...result } = evaluate(list, name, address)
    if (outcome !== 'fatal') expect(result).toEqual({ outcome, log })
    // For us a bad table name matters only when evaluation reaches it.
    else expect(`fatal: ${message}`).toContain(log[0]?.replace('fatal: ', ''))
  })
})

describe('ClientList', () => {
  it('Q-309: an item is tried on the name, then on the address, before the next item', () => {
    expect(evaluate('!host.example, 10.0.0.1', 'host.example', '10.0.0.1').outcome).toBe('no')
    expect(evaluate('!10.0.0.1, host.example', 'host.example', '10.0.0.1').outcome).toBe('no')
    expect(evaluate('10.0.0.1, !host.example', 'host.example', '10.0.0.1').outcome).toBe('yes')
  })

  it('Q-309: an error matters only when evaluation reaches it', () => {
    const list = '10.0.0.0/8, 127.0.0.1/8, 192.0.2.1'
    expect(evaluate(list, 'unknown', '10.1.1.1').outcome).toBe('yes')
    expect(evaluate(list, 'unknown', '192.0.2.1').outcome).toBe('error')
  })

  it('Q-309: a fixed table is asked for name, parents, address', () => {
    expect(keysAsked('fixed', 'parent')).toEqual(['a.B.net', 'B.net', 'net', '10.0.0.1'])
    expect(keysAsked('fixed', 'dot')).toEqual(['a.B.net', '.B.net', '.net', '10.0.0.1'])
  })

  it('Q-309, G-53: a pattern table is asked for the unchanged name and the address', () => {
    expect(keysAsked('pattern', 'parent')).toEqual(['a.B.net', '10.0.0.1'])
  })

  it('leaves out an empty name and an empty address', () => {
    const list = new ClientList('[], fake:x', {
      name: NAME,
      subdomains: 'parent',
      openTable: () => ({ kind: 'fixed', lookup: (key) => `unexpected ${key}` }),
    })
    expect(list.matches('', '')).toBe(false)
  })

  it('is synchronous without tables and asynchronous with a slow one', async () => {
    const list = listWith(async (key) => (key === '10.0.0.2' ? 'x' : undefined))
    expect(list.matches('first.example', '10.0.0.1')).toBe(true)
    const late = list.matches('last.example', '10.0.0.2')
    expect(late).toBeInstanceOf(Promise)
    expect(await late).toBe(false)
    expect(await list.matches('last.example', '10.0.0.3')).toBe(true)
    expect(await list.matches('other.example', '10.0.0.3')).toBe(false)
  })

  it.each([
    ['throws', () => refuse()],
    ['rejects', async () => refuse()],
  ])('G-65: a table that %s ends the search', async (_, lookup: LookupTable['lookup']) => {
    const list = listWith(lookup)
    const failure = await (async () => list.matches('last.example', '10.0.0.3'))().catch((e) => e)
    expect(failure).toBeInstanceOf(LookupTableError)
    expect(failure).toMatchObject({
      code: 'lookup-failed',
      item: 'fake:x',
      message: `${NAME}: fake:x: table lookup problem`,
      cause: { message: 'no connection' },
    })
  })

  it('fails loudly on a table type that nobody offers', () => {
    const list = new ClientList('hash:/etc/clients', { name: NAME, subdomains: 'parent' })
    expect(list.problems).toEqual([
      { severity: 'error', text: 'unsupported dictionary type: hash' },
    ])
    expect(() => list.matches('a.example', '10.0.0.1')).toThrow(
      expect.objectContaining({
        code: 'unsupported-table',
        message: `${NAME}: unsupported dictionary type: hash`,
      }),
    )
  })

  it('never throws but its own error, whatever the list and the client', () => {
    const text = fc.string({ unit: fc.constantFrom(...'![]{}/:.,# 0128afx\n') })
    fc.assert(
      fc.property(
        fc.oneof(text, fc.string()),
        fc.string(),
        fc.oneof(fc.ipV4(), fc.ipV6(), text),
        (list, name, address) => {
          expect(['yes', 'no', 'error']).toContain(evaluate(list, name, address).outcome)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes linear time for a name of a million labels', () => {
    const list = new ClientList('example.net', { name: NAME, subdomains: 'parent' })
    expect(list.matches(`${'a.'.repeat(1_000_000)}example.net`, '10.0.0.1')).toBe(true)
  })
})

interface Result {
  outcome: 'yes' | 'no' | 'error'
  log: string[]
  message?: string
}

function evaluate(
  text: string,
  name: string,
  address: string,
  subdomains: 'parent' | 'dot' = 'parent',
): Result {
  const log: string[] = []
  try {
    const list = new ClientList(text, { name: NAME, subdomains, openTable, readFile })
    log.push(...list.problems.map((problem) => `${problem.severity}: ${problem.text}`))
    return { outcome: list.matches(name, address) === true ? 'yes' : 'no', log }
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error
    log.push(...error.warnings.map((warning) => `warning: ${warning}`))
    return { outcome: 'error', log, message: error.message }
  }
}

function readFile(path: string): string {
  const text = FILES.get(path.replace(/^\/+/, '/'))
  if (text !== undefined) return text
  const isInFile = [...FILES.keys()].some((file) => path.startsWith(`${file}/`))
  throw Object.assign(new Error('cannot read'), { code: isInFile ? 'ENOTDIR' : 'ENOENT' })
}

/** As much of each type as the vectors need. */
function openTable(type: string, name: string): LookupTable | undefined {
  if (type === 'fail') return { kind: 'pattern', lookup: refuse }
  if (type === 'static') {
    if (name === '{') throw new Error(`bad static:name syntax: missing '}' in "{"`)
    return { kind: 'fixed', lookup: () => name }
  }
  if (type === 'inline') return openInline(name)
  if (type === 'hash') throw new Error(`open database ${name}.db: No such file or directory`)
  if (type === 'regexp') return pattern((key) => /^client\.|^127\.0\.0\.14$/.test(key))
  if (type === 'cidr') return pattern((key) => /^127\.0\.(0\.1|0\.11|(?!0\.).*)$/.test(key))
  return undefined
}

function openInline(text: string): LookupTable {
  if (!/^\{.*=.*\}$/.test(text) || text.endsWith('b}}')) {
    throw new Error(`bad syntax: "inline:${text}"; need "inline:{name=value...}"`)
  }
  const keys = text.matchAll(/([\w.]+) *=/g).map(([, key]) => key)
  const known = new Set(keys)
  return { kind: 'fixed', lookup: (key) => (known.has(key.toLowerCase()) ? 'x' : undefined) }
}

function pattern(test: (key: string) => boolean): LookupTable {
  return { kind: 'pattern', lookup: (key) => (test(key) ? 'x' : undefined) }
}

function refuse(): never {
  throw new Error('no connection')
}

function listWith(lookup: LookupTable['lookup']): ClientList {
  return new ClientList('first.example, !fake:x, last.example', {
    name: NAME,
    subdomains: 'parent',
    openTable: () => ({ kind: 'fixed', lookup }),
  })
}

function keysAsked(kind: LookupTable['kind'], subdomains: 'parent' | 'dot'): string[] {
  const keys: string[] = []
  const lookup = (key: string) => {
    keys.push(key)
    return undefined
  }
  const openTable = () => ({ kind, lookup })
  const list = new ClientList('fake:x', { name: NAME, subdomains, openTable })
  expect(list.matches('a.B.net', '10.0.0.1')).toBe(false)
  return keys
}
