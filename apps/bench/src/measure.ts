import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Load, Sink } from './load.ts'
import type { MailSystem } from './mail-system.ts'
import { treeUsage } from './process-tree.ts'

/** One run: from the first message handed in until the last one was delivered. */
export interface Measurement {
  readonly messagesPerSecond: number
  readonly cpuMsPerMessage: number
  readonly peakMemoryBytes: number
}

const SAMPLE_MS = 1000 // Reading the memory of a process holds it up.
const PATIENCE_MS = 120_000
const QUEUES = ['incoming', 'active', 'deferred']

/** Hands the load to the mail system and measures it until its queue is empty again. */
export async function measure(
  system: MailSystem,
  sink: Sink,
  load: Load,
  source: (port: number, load: Load) => Promise<void>,
): Promise<Measurement> {
  const memory = sampleMemory(system.processId)
  const before = treeUsage(system.processId).cpuSeconds
  const receivedBefore = sink.received()
  const startMs = performance.now()
  await source(system.qmqpPort, load)
  await waitUntil(() => sink.received() >= receivedBefore + load.messages)
  const seconds = (performance.now() - startMs) / 1000
  await waitUntil(() => queueIsEmpty(system.queueDirectory))
  const cpuSeconds = treeUsage(system.processId).cpuSeconds - before
  return {
    messagesPerSecond: load.messages / seconds,
    cpuMsPerMessage: (cpuSeconds * 1000) / load.messages,
    peakMemoryBytes: memory.stop(),
  }
}

async function waitUntil(done: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!done()) {
    if (performance.now() > endMs) throw new Error('mail is still in the queue')
    await sleep(5)
  }
}

function queueIsEmpty(queueDirectory: string): boolean {
  return QUEUES.every((queue) => {
    const entries = readdirSync(join(queueDirectory, queue), {
      recursive: true,
      withFileTypes: true,
    })
    return entries.every((entry) => entry.isDirectory())
  })
}

function sampleMemory(processId: number): { stop(): number } {
  let peak = 0
  const sample = (): void => {
    peak = Math.max(peak, treeUsage(processId).memoryBytes)
  }
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      sample() // A run may be shorter than the interval.
      return peak
    },
  }
}
