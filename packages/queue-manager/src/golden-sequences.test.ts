import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'
import type { DeliveryRequest, QueueManagerOptions, TransportSettings } from './index.ts'

// The order and the times of deliveries, recorded from Postfix 3.7.11.
const linesOf = (name: string) =>
  readFileSync(join(import.meta.dirname, `../vectors/qmgr-${name}.txt`), 'utf8').split('\n')

interface Arrival {
  readonly id: string
  /** Next hops of its recipients. */
  readonly nexthops: readonly string[]
  /** After so many selections, completions or seconds. */
  readonly at: number
}

const repeat = (count: number, one: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i))

/** `A5 B1` of `AAAAAB`. */
const runs = (names: readonly string[]) =>
  names
    .join('')
    .replace(/(.)\1*/g, (run, name) => ` ${name}${run.length}`)
    .trim()

const nameOf = ({ queueId }: DeliveryRequest) => queueId[0]!

function recipientsOf({ id, nexthops }: Arrival): string[] {
  return nexthops.map((nexthop, i) => `${id}${i}@${nexthop}`)
}

/**
 * Every delivery takes a second, there is one process: `at` counts requests and seconds.
 *
 * @param reads Is told of each batch that is read: after how many requests, of what, how much.
 */
async function oneAtATime(
  arrivals: readonly Arrival[],
  settings: Partial<TransportSettings> = {},
  options: Partial<QueueManagerOptions> = {},
  reads: string[] = [],
): Promise<World> {
  const transport = () => ({ ...SETTINGS, processLimit: 1, ...settings })
  const here: World = new World(
    async (request) => {
      await here.wait(1000)
      return here.outcomes(request)
    },
    { transport, ...options },
  )
  const { store } = here
  const readRecipients = store.readRecipients.bind(store)
  store.readRecipients = (envelope, queue, unread, limit) => {
    reads.push(`${here.requests.length}: ${envelope.id} ${limit}`)
    return readRecipients(envelope, queue, unread, limit)
  }
  const manager = here.manager()
  await manager.start()
  for (const arrival of arrivals) {
    const dueMs = arrival.at === 0 ? 0 : (arrival.at - 0.5) * 1000
    await here.clock.run(START_MS + dueMs)
    const message = { id: arrival.id, recipients: recipientsOf(arrival) }
    manager.accept(here.store.add(message, 'active', here.clock.now()), 'active')
  }
  while (manager.messages > 0) await here.run(100)
  await manager.drain()
  return here
}

/** Every recipient has its own next hop. */
function messageOf(id: string, count: number, at: number): Arrival {
  return { id, nexthops: repeat(count, (i) => `${id}${i}.test`), at }
}

/** Of `A60, B2 C4 @1`. */
function arrivalsOf(text: string): Arrival[] {
  const many = /^A1000, (\d+) one-recipient messages @1$/.exec(text)
  if (many !== null) {
    const others = repeat(Number(many[1]), (i) => `b${i}`)
    return [messageOf('A', 1000, 0), ...others.map((id) => messageOf(id, 1, 1))]
  }
  return text.split(', ').flatMap((group) => {
    const at = Number(/@(\d+)/.exec(group)?.[1] ?? 0)
    const messages = Array.from(group.matchAll(/\b([A-F])(\d+)/g))
    return messages.map(([, id, count]) => messageOf(id!, Number(count), at))
  })
}

/** `A1 b1 A5 b1 A5 b1` of `A1 (b1 A5)x2 b1`. */
function expanded(text: string): string {
  return text
    .replace(/ {2}\(last.*/, '')
    .replace(/\(([^()]*)\)x(\d+)/g, (_, part, count) => repeat(Number(count), () => part).join(' '))
    .trim()
}

const SEQUENCE = /^(A\d+, .*?\S) {3,}(A\d.*)$/

describe('preemptive scheduling beside that of Postfix', () => {
  const rows = linesOf('schedule-sequences').flatMap((line) => {
    const [, arrivals, order] = SEQUENCE.exec(line) ?? []
    return arrivals === undefined || order === undefined ? [] : [[arrivals, expanded(order)]]
  }) as [string, string][]

  it('O-24: all that is recorded is played', () => expect(rows).toHaveLength(18))

  it.each(rows)('O-24: %s', async (arrivals, order) => {
    const here = await oneAtATime(arrivalsOf(arrivals.replace(/ \(.*\)/, '')))
    expect(runs(here.requests.map(nameOf))).toBe(order)
  })
})

describe('limits of destinations beside those of Postfix', () => {
  const lines = linesOf('schedule-sequences')
  const rows = lines.flatMap((line, i) =>
    line.startsWith('A: ') ? [[line, lines[i + 1]!.trim()] as const] : [],
  )

  /** Of `20 x + 20 y`, in requests of two recipients. */
  const nexthopsOf = (text: string) =>
    text.split(' + ').flatMap((part) => {
      const [, count, nexthop] = /^(\d+) ([x-z])$/.exec(part)!
      return repeat(2 * Number(count), () => nexthop!)
    })

  function arrivalsOfRow(row: string): Arrival[] {
    return row.split('; ').flatMap((part) => {
      const at = Number(/^after (\d+) completions? /.exec(part)?.[1] ?? 0)
      const messages = Array.from(part.matchAll(/\b([A-D]): ([^,;]+)/g))
      return messages.map(([, id, what]) => ({ id: id!, nexthops: nexthopsOf(what!), at }))
    })
  }

  function settingsOf(row: string): TransportSettings {
    const fixed = /window fixed at (\d+)/.exec(row)?.[1]
    const processLimit = Number(/(\d+) processes/.exec(row)?.[1] ?? 10)
    const settings = { ...SETTINGS, processLimit, destinationRecipientLimit: 2 }
    if (fixed === undefined) return settings
    return { ...settings, initial: Number(fixed), limit: Number(fixed) }
  }

  const names = (text: string) =>
    text.replace(/(\w+)\((\d+) times\)/g, (_, name, count) =>
      repeat(Number(count), () => name).join(' '),
    )

  it('O-24: all that is recorded is played', () => expect(rows).toHaveLength(4))

  it.each(rows)('O-24: %s', async (row, order) => {
    const ends: (() => void)[] = []
    const here: World = new World(
      (request) => new Promise((resolve) => ends.push(() => resolve(here.outcomes(request)))),
      { transport: () => settingsOf(row) },
    )
    const manager = here.manager()
    await manager.start()
    const arrivals = arrivalsOfRow(row)
    for (let completions = 0; ; completions++) {
      for (const arrival of arrivals.filter(({ at }) => at === completions)) {
        // The smallest of these was sent last. Active at once, it would have gone before B.
        if (row.includes('D: 2 z') && arrival.id === 'D') await here.run(1)
        const message = { id: arrival.id, recipients: recipientsOf(arrival) }
        manager.accept(here.store.add(message, 'active', here.clock.now()), 'active')
      }
      await here.run(0.001)
      const end = ends.shift()
      if (end === undefined) break
      end()
      await here.run(0.001)
    }
    const played = here.requests.map((one) => nameOf(one) + one.nexthop).join(' ')
    const [start, rest] = names(order).split(' ... (')
    if (rest === undefined) expect(played).toBe(start)
    else expect(played.startsWith(start!), played).toBe(true)
  })
})

describe('round robin beside that of Postfix', () => {
  const rows = linesOf('oqmgr-order')
    .filter((line) => line.startsWith('A: '))
    .map((line) => line.split(/ {3,}(?!fudge)/) as [string, string])

  function arrivalsOfRow(row: string): Arrival[] {
    const at = Number(/ at (\d+)/.exec(row)?.[1] ?? 0)
    return Array.from(row.matchAll(/\b([A-C]): ([^,;]+)/g), ([, id, what]) => {
      const parts = Array.from(what!.matchAll(/(\d+) (?:recipients )?([xy])/g))
      const nexthops = parts.flatMap(([, count, nexthop]) => repeat(Number(count), () => nexthop!))
      return { id: id!, nexthops, at: id === 'A' ? 0 : at }
    })
  }

  it('O-24: all that is recorded is played', () => expect(rows).toHaveLength(6))

  it.each(rows)('O-24: %s', async (row, order) => {
    const fudge = /fudge (\d+)/.exec(row)?.[1]
    const limits = { messageActiveLimit: 100, messageRecipientLimit: 300 }
    const here = await oneAtATime(
      arrivalsOfRow(row),
      { destinationRecipientLimit: 2 },
      {
        scheduling: 'oqmgr',
        ...(fudge === undefined ? {} : { ...limits, fudgeFactor: Number(fudge) }),
      },
    )
    const isByNexthop = /^[xy]/.test(order)
    const { requests } = here
    const played = isByNexthop
      ? requests.map(({ nexthop }) => nexthop).join(' ')
      : runs(requests.map(nameOf))
    expect(played).toBe(order)
  })
})

describe('rate delays beside those of Postfix', () => {
  const lines = linesOf('rate-delay')
  const rowAfter = (start: string) =>
    lines[lines.findIndex((line) => line.startsWith(start)) + 1]!.split(/ {3,}/)

  /** Sends, with deliveries of half a second: `start->end nexthop`, and the message if not A. */
  async function play(
    settings: Partial<TransportSettings>,
    arrivals: readonly Arrival[],
    blame?: { status: string; reason: string },
  ) {
    const deliveries: { start: number; end: number; what: string }[] = []
    const seconds = () => (here.clock.now() - START_MS) / 1000
    const transport = () => ({ ...SETTINGS, destinationRecipientLimit: 2, ...settings })
    const here: World = new World(
      async (request) => {
        const start = seconds()
        await here.wait(500)
        const by = nameOf(request) === 'A' ? '' : `(${nameOf(request)})`
        deliveries.push({ start, end: seconds(), what: `${request.nexthop}${by}` })
        if (blame === undefined) return here.outcomes(request)
        return { ...here.outcomes(request, 'deferred'), blame }
      },
      { transport },
    )
    const manager = here.manager()
    await manager.start()
    for (const arrival of arrivals) {
      await here.clock.run(START_MS + arrival.at * 1000)
      const message = { id: arrival.id, recipients: recipientsOf(arrival) }
      manager.accept(here.store.add(message, 'active', here.clock.now()), 'active')
    }
    await here.run(20)
    return { deliveries, here }
  }

  function expectTimes(
    played: Awaited<ReturnType<typeof play>>['deliveries'],
    recorded: readonly string[],
  ) {
    expect(played.map(({ what }) => what)).toEqual(recorded.map((one) => one.split(' ')[1]))
    for (const [i, { start, end }] of played.entries()) {
      const [from, to] = recorded[i]!.split(' ')[0]!.split('->').map(Number)
      // Timers of Postfix count whole seconds, and an agent took some time to start.
      expect(from! - start, recorded[i]).toBeGreaterThanOrEqual(0)
      expect(from! - start, recorded[i]).toBeLessThan(1)
      expect(end - start, recorded[i]).toBeCloseTo(to! - from!, 1)
    }
  }

  it('O-24: destination_rate_delay', async () => {
    const a = { id: 'A', nexthops: [...repeat(6, () => 'x'), 'y', 'y'], at: 0 }
    const b = { id: 'B', nexthops: ['x'], at: 6.05 }
    const { deliveries } = await play({ destinationRateDelayMs: 2000 }, [a, b])
    expectTimes(deliveries, rowAfter('# destination_rate_delay'))
  })

  it('O-24: destination_rate_delay of a destination that fails', async () => {
    const [text = ''] = rowAfter('# same, next hop z fails')
    const [, others, again] = /the other (\d+) recipients .*; ([\d.]+) z attempted again/.exec(
      text,
    )!
    const a = { id: 'A', nexthops: repeat(6, () => 'z'), at: 0 }
    const b = { id: 'B', nexthops: ['z'], at: 1.2 }
    const blame = { status: '4.4.1', reason: 'refused' }
    const { deliveries, here } = await play({ destinationRateDelayMs: 2000 }, [a, b], blame)
    expect(deliveries.map(({ what }) => what)).toEqual(['z', 'z(B)'])
    expect(Math.abs(deliveries[1]!.start - Number(again))).toBeLessThan(1)
    const suspended = here.lines.filter((line) => line.includes('delivery temporarily suspended'))
    expect(suspended).toHaveLength(Number(others))
  })

  it('O-24: transport_rate_delay', async () => {
    const arrivals = ['a', 'b', 'c'].map((x) => ({ id: `A${x}`, nexthops: [x], at: 0 }))
    const { deliveries } = await play({ transportRateDelayMs: 2000 }, arrivals)
    expectTimes(deliveries, rowAfter('# transport_rate_delay'))
  })
})

/** Of `23, 28, 33, ... 103`. */
function numbersOf(text = ''): number[] {
  const [some = '', last] = text.split(', ... ')
  const numbers = Array.from(some.matchAll(/\d+/g), Number)
  const step = numbers.at(-1)! - numbers.at(-2)!
  if (last !== undefined) {
    while (numbers.at(-1)! < Number(last)) numbers.push(numbers.at(-1)! + step)
  }
  return numbers
}

it('O-24: recipients in batches', async () => {
  const options = {
    messageActiveLimit: 20,
    messageRecipientLimit: 50,
    messageRecipientMinimum: 10,
  }
  const settings = {
    recipientLimit: 30,
    extraRecipientLimit: 10,
    recipientRefillLimit: 5,
    recipientRefillDelayMs: 1_000_000, // As in the recording, many times what a request takes.
  }
  const arrivals = [messageOf('A', 200, 0), messageOf('B', 3, 10), messageOf('C', 25, 10)]
  const reads: string[] = []
  const here = await oneAtATime(arrivals, settings, options, reads)
  const lines = linesOf('recipient-batches')
  const order = lines.find((line) => line.startsWith('order: '))
  expect(`order: ${runs(here.requests.map(nameOf))}`).toBe(order)
  // Those with a number above 10, `23, 28, 33, ... 103` too, are not the first of their message.
  const recorded = lines.slice(0, lines.indexOf(order!)).flatMap((line) => {
    const [, numbers, id, limit] = /^([\d, .]+): +([A-C]) +read up to (\d+)/.exec(line) ?? []
    return numbersOf(numbers).map((number) => `${number}: ${id} ${limit}`)
  })
  const later = recorded.filter((read) => Number.parseInt(read, 10) > 10)
  // The last two of Postfix find nothing: here it is known that nothing is left.
  const empty = ['119: C 5', '193: A 5']
  expect(later.filter((read) => empty.includes(read))).toEqual(empty)
  expect(reads).toEqual(later.filter((read) => !empty.includes(read)))
})

describe('the order of admission beside that of Postfix', () => {
  const [free, full] = linesOf('feed-order').filter((line) => /^[DI]+$/.test(line))

  it.each([
    ['never full', free, {}, {}],
    ['full from the fifth on', full, { messageActiveLimit: 5 }, { processLimit: 1 }],
  ])('O-24: an active queue that is %s', async (_, order, options, settings) => {
    const transport = () => ({ ...SETTINGS, ...settings })
    const here: World = new World(
      async (request) => {
        await here.wait(1000)
        return here.outcomes(request)
      },
      { transport, ...options },
    )
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    // The last that was admitted came from incoming: the next turn is that of deferred.
    here.store.add({ id: 'X', recipients: ['r@x'] }, 'incoming')
    manager.trigger(Buffer.from('I'))
    await here.run(10)
    for (let i = 0; i < 20; i++) {
      here.store.add({ id: `D${i + 10}`, recipients: [`r@d${i}`] }, 'deferred')
      here.store.add({ id: `I${i + 10}`, recipients: [`r@i${i}`] }, 'incoming')
    }
    manager.trigger(Buffer.from('DI'))
    await here.run(100)
    const admitted = here.lines.filter((line) => line.endsWith('(queue active)'))
    expect(admitted.map((line) => line['qmgr: '.length]).join('')).toBe(`X${order}`)
  })
})

/** What is written, by the words of the recording; one string per connection. */
const TRIGGERS: Record<string, string[]> = {
  'one write  "DDDDDDDDDD"': ['DDDDDDDDDD'],
  'five connections, "D" each': repeat(5, () => 'D'),
  'one write  "DIDI"': ['DIDI'],
  '"I" or "W"': ['I'],
  '"A" alone': ['A'],
  '  then "D"': ['D'],
  '  then "D" again': ['D'],
  'one write "DA"': ['DA'],
  '"D" then "A" as two connections': ['D', 'A'],
  '  then 2000 x "D" in one write': ['D'.repeat(2000)],
  '"xyz<newline>"': ['xyz\n'],
  '"F" alone': ['F'],
}

it('O-24: triggers', async () => {
  const here: World = new World((request) => here.outcomes(request, 'deferred'))
  for (let i = 0; i < 60; i++) {
    here.store.add({ recipients: [`r@d${i}`] }, 'deferred', START_MS + 1e9)
  }
  const manager = here.manager()
  await manager.start()
  await here.run(1)
  const played: string[] = []
  const recorded: string[] = []
  for (const line of linesOf('triggers').slice(1, -1)) {
    const [what = '', result = ''] = line.split(/(?<=\S) {2,}(?!")/)
    const number = (pattern: RegExp) => Number(pattern.exec(result)?.[1] ?? 0)
    const incoming = number(/(\d+) incoming scan/)
    const deferred = number(/(\d+) (?:deferred )?scans?\b/)
    const attempts = number(/(\d+) (?:delivery )?attempts/)
    recorded.push(`${what}: ${incoming} ${deferred} ${attempts}`)
    here.store.calls.length = 0
    here.requests.length = 0
    const { scanned } = here.store
    for (const one of TRIGGERS[what]!) {
      // The scan that D began has skipped one file, and comes to the next.
      if (one === 'A' && what.startsWith('"D"')) {
        for (let i = 0; i < 1000 && here.store.scanned < scanned + 2; i++) await Promise.resolve()
      }
      manager.trigger(Buffer.from(one))
    }
    await here.run(1)
    const scans = (queue: string) =>
      here.store.calls.filter((one) => one === `scan ${queue}`).length
    played.push(`${what}: ${scans('incoming')} ${scans('deferred')} ${here.requests.length}`)
  }
  expect(recorded).toHaveLength(Object.keys(TRIGGERS).length)
  expect(played).toEqual(recorded)
})
