import assert from 'node:assert/strict'
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'

import { Random } from './random.ts'
import { fuzzReader } from './reader-fuzz.ts'
import { fuzzServer } from './server-fuzz.ts'

// Runs what fuzz.ts tells it, and tells it what came of that.

export interface FuzzTask {
  readonly target: 'reader' | 'server'
  readonly runs: number
  readonly seed: number
  /** The number of the input under way, for whom watches from outside. */
  readonly progress: SharedArrayBuffer
}

export interface FuzzResult {
  /** Of the memory in use after a garbage collection, between the tenth part and the end. */
  readonly growthBytes: number
}

const { target, runs, seed, progress }: FuzzTask = workerData
const current = new Int32Array(progress)
const collectGarbage = globalThis.gc
assert(collectGarbage, 'run it with --expose-gc')

function usedBytes(): number {
  collectGarbage!()
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

// Errors are part of the protocol here, and a stack costs more than the rest of an input.
Error.stackTraceLimit = runs === 1 ? 20 : 0
let usedBefore = usedBytes()
for (let count = 0; count < runs; count++) {
  Atomics.store(current, 0, count)
  const random = new Random(seed + count)
  if (target === 'reader') fuzzReader(random)
  else await fuzzServer(random)
  if (count === Math.floor(runs / 10)) usedBefore = usedBytes()
}
const result: FuzzResult = { growthBytes: usedBytes() - usedBefore }
parentPort?.postMessage(result)
