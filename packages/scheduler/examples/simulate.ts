import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { PreemptiveScheduler, RoundRobinScheduler, type Scheduler } from '@posthouse/scheduler'

import { limits, options } from './limits.ts'

// Draws how two queues share one destination over time: a newsletter (N) of 60 deliveries at once,
// and a letter (o) every two seconds, all for the same host. As text, and dist/simulation.svg.

const NEWSLETTER = 60
const LETTERS = 8
const STEP_MS = 500
const SERVICE_MS = [1000, 1500, 2500]

interface Bar {
  readonly queue: string
  readonly row: number
  readonly fromMs: number
  readonly toMs: number
}

interface Machine {
  add(queue: string, count: number, nowMs: number): void
  /** Starts a delivery; returns its queue, and how to end it. */
  next(nowMs: number): { queue: string; end: (nowMs: number) => void } | undefined
}

const answered = { kind: 'answered' } as const
const transport = { ...limits, initial: 2, limit: 4, destinationRecipientLimit: 1 }

function machine(scheduler: Scheduler<string, number>): Machine {
  return {
    add: (queue, count, nowMs) => {
      const activation = scheduler.open(queue, 0, nowMs)
      const to = { transport: 'smtp', destination: 'host.example' }
      for (let i = 0; i < count; i++) scheduler.add(activation, to, i, nowMs)
    },
    next: (nowMs) => {
      const one = scheduler.next(nowMs)
      if (one?.kind !== 'deliver') return undefined
      const end = (atMs: number) => scheduler.finish(one, answered, atMs)
      return { queue: one.activation.message, end }
    },
  }
}

function run(machine: Machine): Bar[] {
  const bars: Bar[] = []
  const inFlight: { bar: Bar; end: (nowMs: number) => void }[] = []
  machine.add('N', NEWSLETTER, 0)
  for (let nowMs = 0; bars.length < NEWSLETTER + LETTERS || inFlight.length > 0; nowMs += STEP_MS) {
    if (nowMs % 2000 === 1000 && nowMs < 2000 * LETTERS) machine.add('o', 1, nowMs)
    for (const one of inFlight.filter(({ bar }) => bar.toMs <= nowMs)) {
      inFlight.splice(inFlight.indexOf(one), 1)
      one.end(nowMs)
      start(nowMs)
    }
    start(nowMs)
  }
  return bars

  function start(nowMs: number): void {
    for (let one = machine.next(nowMs); one !== undefined; one = machine.next(nowMs)) {
      const taken = new Set(inFlight.map(({ bar }) => bar.row))
      let row = 0
      while (taken.has(row)) row += 1
      const serviceMs = SERVICE_MS[bars.length % SERVICE_MS.length] ?? STEP_MS
      const bar = { queue: one.queue, row, fromMs: nowMs, toMs: nowMs + serviceMs }
      bars.push(bar)
      inFlight.push({ bar, end: one.end })
    }
  }
}

/** One line for each place at the destination, one column for each step. */
function text(bars: readonly Bar[]): string {
  const rows = Array.from({ length: transport.limit }, (): string[] => [])
  for (const { queue, row, fromMs, toMs } of bars) {
    for (let nowMs = fromMs; nowMs < toMs; nowMs += STEP_MS) {
      const line = rows[row]
      if (line !== undefined) line[nowMs / STEP_MS] = queue
    }
  }
  return rows.map((row) => `  |${Array.from(row, (cell) => cell ?? ' ').join('')}`).join('\n')
}

const MS_PER_PIXEL = 40
const ROW = 20
const COLORS: Record<string, string> = { N: '#9fb4c7', o: '#c8401e' }

/** A chart below the other: a title, a row for each place at the destination, and the seconds. */
function svg(charts: readonly (readonly [title: string, bars: readonly Bar[]])[]): string {
  const endMs = Math.max(...charts.flatMap(([, bars]) => bars.map(({ toMs }) => toMs)))
  const width = endMs / MS_PER_PIXEL + 20
  const chartHeight = ROW * (transport.limit + 3)
  const seconds = Array.from({ length: endMs / 5000 + 1 }, (_, i) => 5 * i)
  const parts = charts.flatMap(([title, bars], chart) => {
    const top = chart * chartHeight + ROW
    const bottom = top + ROW * transport.limit
    return [
      `<text x="4" y="${top - 5}">${title}:`,
      `newsletter <tspan fill="${COLORS['N']}">\u25a0</tspan>,`,
      `letters <tspan fill="${COLORS['o']}">\u25a0</tspan></text>`,
      ...bars.map(({ queue, row, fromMs, toMs }) => {
        const place = `x="${fromMs / MS_PER_PIXEL}" y="${top + ROW * row}"`
        const size = `width="${(toMs - fromMs) / MS_PER_PIXEL - 1}" height="${ROW - 2}"`
        return `<rect ${place} ${size} fill="${COLORS[queue]}"/>`
      }),
      ...seconds.map((second) => {
        const x = (1000 * second) / MS_PER_PIXEL
        return `<text x="${x}" y="${bottom + 14}" font-size="11">${second} s</text>`
      }),
    ]
  })
  const size = `width="${width}" height="${chartHeight * charts.length}"`
  const style = 'font-family="sans-serif" font-size="14" style="background: white"'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>\n${parts.join('\n')}\n</svg>\n`
}

function meanDelay(bars: readonly Bar[]): number {
  const letters = bars.filter(({ queue }) => queue === 'o').map(({ toMs }) => toMs)
  const delays = letters.map((toMs, i) => (toMs - (2000 * i + 1000)) / 1000)
  return delays.reduce((sum, delay) => sum + delay, 0) / delays.length
}

const charts = [
  ['round robin', run(machine(new RoundRobinScheduler(options, () => transport)))],
  ['preemptive', run(machine(new PreemptiveScheduler(options, () => transport)))],
] as const
for (const [title, bars] of charts) {
  console.log(`${title}: a letter takes ${meanDelay(bars).toFixed(1)} s\n${text(bars)}\n`)
}
const directory = join(import.meta.dirname, '../dist')
mkdirSync(directory, { recursive: true })
writeFileSync(join(directory, 'simulation.svg'), svg(charts))
console.log('N newsletter, o letter; a column is half a second. Drawn in dist/simulation.svg.')
