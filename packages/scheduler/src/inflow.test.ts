import { describe, expect, it } from 'vitest'

import { Inflow } from './index.ts'

const takeAll = (inflow: Inflow, count: number) =>
  Array.from({ length: count }, () => (inflow.take() ? '+' : '-')).join('')

describe('S-14: Inflow', () => {
  it('never runs out of tokens while nothing waits in incoming', () => {
    const inflow = new Inflow(2, () => false)
    expect(takeAll(inflow, 5)).toBe('+++++')
  })

  it('has as many tokens as there are, and gives out what came back, but no more', () => {
    const inflow = new Inflow(3, () => true)
    expect(takeAll(inflow, 5)).toBe('+++--')
    inflow.giveBack()
    expect(takeAll(inflow, 2)).toBe('+-')
    for (let at = 0; at < 5; at++) inflow.giveBack()
    expect(takeAll(inflow, 4)).toBe('+++-')
  })

  it('is full again once nothing waits, whatever became of tokens', () => {
    let hasBacklog = true
    const inflow = new Inflow(2, () => hasBacklog)
    expect(takeAll(inflow, 3)).toBe('++-')
    hasBacklog = false
    expect(takeAll(inflow, 1)).toBe('+')
    hasBacklog = true
    expect(takeAll(inflow, 2)).toBe('+-')
  })
})
