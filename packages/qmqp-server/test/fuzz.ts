import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import type { FuzzResult, FuzzTask } from './fuzz-worker.ts'

// Mutated inputs through the reader or the whole server, in a worker that is watched: node
// --conditions=@posthouse/source --expose-gc test/fuzz.ts --target reader --runs 1000000 --seed 1
// One input alone, with its stack: --seed is what a failure names, --runs 1.

const HANG_MS = 20_000
const MAX_GROWTH_BYTES = 4_000_000

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'reader' },
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
const progress = new SharedArrayBuffer(4)
const current = new Int32Array(progress)
const startMs = performance.now()

function fail(what: string): never {
  const input = seed + Atomics.load(current, 0)
  console.error(`${values.target}, input of seed ${input} (run from ${seed}): ${what}`)
  process.exit(1)
}

let watched = -1
setInterval(() => {
  const now = Atomics.load(current, 0)
  if (now === watched) fail(`still not done after ${HANG_MS} ms`)
  watched = now
}, HANG_MS)

const workerData: FuzzTask = {
  target: values.target === 'server' ? 'server' : 'reader',
  runs,
  seed,
  progress,
}
const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), { workerData })
worker.on('error', (error) => fail(error instanceof Error ? `${error.stack}` : `${error}`))
worker.on('exit', () => fail('the worker ended without a result'))
worker.on('message', ({ growthBytes }: FuzzResult) => {
  const seconds = (performance.now() - startMs) / 1000
  const growth = `memory grew by ${Math.round(growthBytes / 1000)} kB`
  if (growthBytes > MAX_GROWTH_BYTES) fail(growth)
  const rate = `${seconds.toFixed(1)} s`
  console.log(`${values.target}: ${runs} inputs from seed ${seed} in ${rate}, ${growth}`)
  process.exit(0)
})
