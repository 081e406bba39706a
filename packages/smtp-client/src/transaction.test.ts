import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Transaction } from './transaction.ts'

function commands(recipients: number, length = 20) {
  const rcpts = Array.from({ length: recipients }, (_, index) =>
    `RCPT TO:<r${index}@a.test>`.padEnd(length, 'x'),
  )
  return { mail: 'MAIL FROM:<>', rcpts }
}

function reply(code: number) {
  return { code, status: `${Math.floor(code / 100)}.0.0`, text: `${code}` }
}

/** Plays a server that answers as `codes` say; returns what was sent and decided. */
function play(transaction: Transaction, codes: (command: string) => number) {
  const sent: string[] = []
  const verdicts: string[] = []
  for (let steps = 0; steps < 1000; steps++) {
    const step = transaction.next()
    if (step.kind === 'done') return { sent, verdicts, end: step.end }
    const content = step.kind === 'content' ? (step.empty ? '(empty)' : '(content)') : ''
    sent.push(content + (step.kind === 'content' ? step.trailer : step.text))
    for (let command = transaction.expecting; command !== undefined; ) {
      const verdict = transaction.reply(reply(codes(command)))
      if (verdict !== undefined) verdicts.push(`${verdict.kind} ${verdict.recipient ?? 'all'}`)
      command = transaction.expecting
    }
  }
  throw new Error('no end')
}

const accepted = (command: string): number => (command === 'DATA command' ? 354 : 250)

describe('Transaction', () => {
  it('C-82: pipelined, two flushes', () => {
    const { sent, verdicts, end } = play(
      new Transaction(commands(2), true, () => false, false),
      accepted,
    )
    expect(sent).toEqual([
      'MAIL FROM:<>\r\nRCPT TO:<r0@a.test>x\r\nRCPT TO:<r1@a.test>x\r\nDATA\r\n',
      '(content).\r\nQUIT\r\n',
    ])
    expect(verdicts).toEqual(['delivered all'])
    expect(end).toBe('quit')
  })

  it.each([
    [true, ['MAIL FROM:<>\r\nRCPT TO:<r0@a.test>x\r\nRCPT TO:<r1@a.test>x\r\nRSET\r\nQUIT\r\n']],
    [
      false,
      [
        'MAIL FROM:<>\r\n',
        'RCPT TO:<r0@a.test>x\r\n',
        'RCPT TO:<r1@a.test>x\r\n',
        'RSET\r\n',
        'QUIT\r\n',
      ],
    ],
  ])('C-81: a probe ends before DATA, and each RCPT decides, pipelining %s', (pipelining, all) => {
    const probe = { ...commands(2), probe: 'rcpt' } as const
    const transaction = new Transaction(probe, pipelining, () => false, false)
    const codes = [250, 550, 250, 250]
    const { sent, verdicts, end } = play(transaction, () => codes.shift() ?? 0)
    expect(sent).toEqual(all)
    expect(verdicts).toEqual(['rejected 0', 'delivered 1'])
    expect(end).toBe('quit')
  })

  it.each([
    [[250, 550, 250, 354], ['rejected 0', 'delivered all'], [], 'broken'],
    [[250, 550, 250, 451], ['rejected 0', 'rejected all'], ['RSET\r\nQUIT\r\n'], 'quit'],
    [[250, 550, 550, 354], ['rejected 0', 'rejected 1'], [], 'broken'],
    [[250, 550, 550, 554], ['rejected 0', 'rejected 1'], ['RSET\r\nQUIT\r\n'], 'quit'],
  ])('C-81: a probe that goes as far as DATA, replies %j', (codes, expected, last, asLeft) => {
    const probe = { ...commands(2), probe: 'data' } as const
    const transaction = new Transaction(probe, true, () => false, false)
    const replies = [...codes]
    const { sent, verdicts, end } = play(transaction, () => replies.shift() ?? 250)
    const group = 'MAIL FROM:<>\r\nRCPT TO:<r0@a.test>x\r\nRCPT TO:<r1@a.test>x\r\nDATA\r\n'
    expect(sent).toEqual([group, ...last])
    expect(end).toBe(asLeft)
    expect(verdicts).toEqual(expected)
  })

  it('C-81: that a probe may send data is 2.0.0, whatever the reply says', () => {
    const probe = { ...commands(1), probe: 'data' } as const
    const transaction = new Transaction(probe, false, () => false, false)
    for (const code of [250, 250]) {
      transaction.next()
      transaction.reply({ code, status: `${String(code)[0]}.0.0`, text: String(code) })
    }
    transaction.next()
    const verdict = transaction.reply({ code: 354, status: '5.5.0', text: '354 go' })
    expect(verdict).toMatchObject({ kind: 'delivered', reply: { status: '2.0.0', text: '354 go' } })
  })

  it('C-81: a probe whose sender is refused asks for nobody', () => {
    const probe = { ...commands(2), probe: 'rcpt' } as const
    const transaction = new Transaction(probe, false, () => true, false)
    const { sent, verdicts, end } = play(transaction, () => 550)
    expect(sent).toEqual(['MAIL FROM:<>\r\n', 'RSET\r\n'])
    expect({ verdicts, end }).toEqual({ verdicts: ['rejected all'], end: 'open' })
  })

  it('C-80: a session that is kept gets no QUIT', () => {
    const { sent, end } = play(new Transaction(commands(1), true, () => true, false), accepted)
    expect(sent.at(-1)).toBe('(content).\r\n')
    expect(end).toBe('open')
  })

  it.each([
    [4096, 1],
    [4097, 2],
  ])('C-82, C-185: a group of %i octets makes %i flush(es)', (octets, groups) => {
    const fixed = 'MAIL FROM:<>\r\nDATA\r\n'.length
    const first = commands(39, 100).rcpts
    const rest = octets - fixed - 39 * 102
    const rcpts = [...first, 'R'.repeat(rest - 2)]
    const transaction = new Transaction({ mail: 'MAIL FROM:<>', rcpts }, true, () => false, false)
    const { sent } = play(transaction, accepted)
    expect(sent).toHaveLength(groups + 1)
    expect(sent.slice(0, -1).join('')).toHaveLength(octets)
  })

  it.each([
    [4096, 1],
    [4097, 2],
  ])('C-82, C-121: RSET counts: of %i octets, %i flush(es)', (octets, groups) => {
    const fixed = 'RSET\r\nMAIL FROM:<>\r\nDATA\r\n'.length
    const rcpts = [...commands(39, 100).rcpts, 'R'.repeat(octets - fixed - 39 * 102 - 2)]
    const transaction = new Transaction({ mail: 'MAIL FROM:<>', rcpts }, true, () => true, true)
    const { sent } = play(transaction, accepted)
    expect(sent).toHaveLength(groups + 1)
    expect(sent[0]).toMatch(/^RSET\r\nMAIL FROM:<>\r\nRCPT TO:/)
    expect(sent.slice(0, -1).join('')).toHaveLength(octets)
  })

  it('C-121: not pipelined, RSET is a group of its own', () => {
    const { sent, verdicts } = play(new Transaction(commands(1), false, () => true, true), accepted)
    expect(sent.slice(0, 2)).toEqual(['RSET\r\n', 'MAIL FROM:<>\r\n'])
    expect(verdicts).toEqual(['delivered all'])
  })

  const xforward = [
    { command: 'XFORWARD name/address command', text: 'XFORWARD NAME=a' },
    { command: 'XFORWARD helo/protocol command', text: 'XFORWARD HELO=b' },
  ] as const

  it.each([
    [true, false, ['XFORWARD NAME=a\r\nXFORWARD HELO=b\r\nMAIL FROM:<>\r\n']],
    [true, true, ['RSET\r\nXFORWARD NAME=a\r\nXFORWARD HELO=b\r\nMAIL FROM:<>\r\n']],
    [false, true, ['RSET', 'XFORWARD NAME=a', 'XFORWARD HELO=b'].map((line) => `${line}\r\n`)],
  ])('C-76: XFORWARD comes before MAIL, pipelining %s, RSET %s', (pipelining, reset, groups) => {
    const told = { ...commands(1), xforward }
    const codes = (command: string): number =>
      command.startsWith('XFORWARD') ? 550 : accepted(command)
    const transaction = new Transaction(told, pipelining, () => true, reset)
    const { sent, verdicts } = play(transaction, codes)
    for (const [at, group] of groups.entries()) expect(sent[at]?.startsWith(group)).toBe(true)
    expect(verdicts).toEqual(['delivered all'])
  })

  it('C-84: all recipients rejected but DATA accepted: an empty message', () => {
    const codes = (command: string): number =>
      command === 'RCPT TO command' ? 550 : accepted(command)
    const { sent, verdicts } = play(new Transaction(commands(1), true, () => false, false), codes)
    expect(sent.at(-1)).toBe('(empty).\r\nQUIT\r\n')
    expect(verdicts).toEqual(['rejected 0'])
  })

  it('C-84: MAIL rejected but DATA accepted: an empty message', () => {
    const codes = (command: string): number =>
      command === 'MAIL FROM command' ? 550 : accepted(command)
    const { sent, verdicts } = play(new Transaction(commands(1), true, () => false, false), codes)
    expect(sent.at(-1)).toBe('(empty).\r\nQUIT\r\n')
    expect(verdicts).toEqual(['rejected all'])
  })

  it('C-86: whether to keep is asked when DATA is sent, and again for RSET', () => {
    let asked = 0
    const keep = (): boolean => ++asked > 0
    const codes = (command: string): number => (command === 'DATA command' ? 451 : 250)
    const { sent } = play(new Transaction(commands(1), false, keep, false), codes)
    expect(sent.at(-1)).toBe('RSET\r\n')
    expect(asked).toBe(2)
  })

  // The safety of the whole client rests on this: whatever the replies, each command is sent at
  // most once, a recipient is decided about at most once, and nobody is delivered but by the
  // reply to the end of data.
  it('C-85: decides about each recipient at most once, whatever the server says', () => {
    const code = fc.constantFrom(200, 250, 251, 299, 300, 354, 399, 421, 450, 550, 599, 100, 999)
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(code, { minLength: 12, maxLength: 12 }),
        (recipients, pipelining, keep, resetFirst, codes) => {
          const transaction = new Transaction(
            commands(recipients),
            pipelining,
            () => keep,
            resetFirst,
          )
          const given = codes[Symbol.iterator]()
          const seen: string[] = []
          const { verdicts, end: last } = play(transaction, (command) => {
            seen.push(command)
            return given.next().value ?? 250
          })
          expect(last).toBe(keep ? 'open' : 'quit')
          const all = verdicts.filter((verdict) => verdict.endsWith('all'))
          expect(all.length).toBeLessThanOrEqual(1)
          expect(new Set(verdicts).size).toBe(verdicts.length)
          if (all.length === 1) expect(verdicts.at(-1)).toBe(all[0])
          const delivered = verdicts.includes('delivered all')
          const end = seen.indexOf('end of DATA command')
          if (delivered) expect(Math.floor(codes[end]! / 100)).toBe(2)
          const rejected = verdicts.filter((verdict) => verdict !== 'delivered all').length
          const everybody = all.length === 1 || rejected === recipients
          expect(everybody).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })
})
