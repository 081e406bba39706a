import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'
import { openPipeTable, openUnionTable } from './composed-table.ts'
import type { LookupTable } from './table.ts'

describe('G-62: as postmap -q answers', () => {
  it.each(tableVectors('composed', 'unionmap', 'pipemap'))('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})

describe('G-62: members that answer later, change and are closed', () => {
  const clock = { now: () => 0, after: () => () => undefined }

  function open(openComposed: typeof openUnionTable, members: Record<string, LookupTable>) {
    const name = `{${Object.keys(members).join(' ')}}`
    return openComposed(name, {
      ...tableContext(clock, []),
      openMember: (reference) => {
        const member = members[reference]
        if (member === undefined) throw new Error(reference)
        return member
      },
    })
  }

  const later: LookupTable = { kind: 'pattern', lookup: async (key) => `late ${key}` }
  const atOnce: LookupTable = { kind: 'fixed', lookup: (key) => `now ${key}` }
  const without: LookupTable = { kind: 'fixed', lookup: () => undefined }

  it('a union waits, in order', async () => {
    const table = open(openUnionTable, { 'a:': atOnce, 'b:': later, 'c:': without, 'd:': atOnce })
    expect(table.kind).toBe('fixed')
    expect(await table.lookup('k')).toBe('now k,late k,now k')
  })

  it('a pipe waits, and asks nothing behind a table without a result', async () => {
    const piped = open(openPipeTable, { 'b:': later, 'a:': atOnce })
    expect(piped.kind).toBe('pattern')
    expect(await piped.lookup('k')).toBe('now late k')
    const failing: LookupTable = {
      kind: 'fixed',
      lookup: () => {
        throw new Error('asked')
      },
    }
    expect(open(openPipeTable, { 'c:': without, 'd:': failing }).lookup('k')).toBeUndefined()
  })

  it.each([
    ['unionmap', openUnionTable],
    ['pipemap', openPipeTable],
  ] as const)('%s: one changed member is a change, and all are closed', (_type, openComposed) => {
    const closed: string[] = []
    let hasChanged = false
    const table = open(openComposed, {
      'a:': atOnce,
      'f:': { ...atOnce, hasChanged: () => hasChanged, close: () => void closed.push('f') },
      'g:': { ...atOnce, close: () => void closed.push('g') },
    })
    expect(table.hasChanged?.()).toBe(false)
    hasChanged = true
    expect(table.hasChanged?.()).toBe(true)
    table.close?.()
    expect(closed).toEqual(['f', 'g'])
  })

  it('when a member cannot be opened, those that were are closed', () => {
    const closed: string[] = []
    const member = { ...atOnce, close: () => void closed.push('a') }
    const context = {
      ...tableContext(clock, []),
      openMember: (reference: string) => {
        if (reference === 'a:') return member
        throw new Error('no b')
      },
    }
    expect(() => openUnionTable('{a: b:}', context)).toThrow('no b')
    expect(closed).toEqual(['a'])
  })
})
