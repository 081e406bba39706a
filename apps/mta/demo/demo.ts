// Hands 1,000 varied messages to a posthouse of its own and checks that every one arrives, byte for
// byte, at every recipient. Exits with 0 only if nothing is missing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { submitMessage } from '@posthouse/qmqp-client'
import { SingleBar } from 'cli-progress'

import { countQueueFiles, writeConfiguration } from '../harness/configuration.ts'
import { Destination } from '../harness/destination.ts'
import { freePort, Posthouse } from '../harness/posthouse.ts'
import { Ledger } from './ledger.ts'
import { type DemoMessage, demoMessages } from './messages.ts'

const MESSAGES = 1000
const SESSIONS = 20
const PATIENCE_MS = 60_000 // Without any arrival.

const directory = mkdtempSync(join(tmpdir(), 'posthouse-demo-'))
const ledger = new Ledger()
const bar = new SingleBar({
  format: '{bar} {value}/{total} messages accepted, {delivered} recipients have theirs',
  noTTYOutput: true,
  notTTYSchedule: 5000,
})
const destination = new Destination((arrival) => ledger.arrived(arrival))
const port = await freePort()
writeConfiguration(directory, {
  port,
  parameters: {
    relayhost: `[127.0.0.1]:${await destination.listen()}`,
    // Byte for byte: lines over 998 bytes, which RFC 5321 does not allow, are not to be broken.
    smtp_line_length_limit: '0',
  },
})
const posthouse = await Posthouse.start(directory)

let accepted = 0
const refused: string[] = []
const startMs = performance.now()
bar.start(MESSAGES, 0, { delivered: 0 })
const source = demoMessages(MESSAGES)
await Promise.all(Array.from({ length: SESSIONS }, submitAll))
await waitForDelivery()
const seconds = (performance.now() - startMs) / 1000
bar.stop()

const exit = await posthouse.stop()
await destination.close()
const leftInQueue = countQueueFiles(directory)
const faults = [...refused, ...ledger.faults()]
if (exit !== 0) faults.push(`posthouse ended with ${exit}`)
if (leftInQueue > 0) faults.push(`${leftInQueue} messages are left in the queue`)
printSummary()
if (faults.length === 0) rmSync(directory, { recursive: true })
process.exitCode = faults.length === 0 ? 0 : 1

async function submitAll(): Promise<void> {
  for (const message of source) await submit(message)
}

async function submit(message: DemoMessage): Promise<void> {
  ledger.sent(message)
  const reply = await submitMessage({ host: '127.0.0.1', port }, message)
  if (reply.kind === 'accepted') accepted++
  else refused.push(`message ${message.id} was not accepted: ${reply.text}`)
  bar.update(accepted, { delivered: ledger.delivered })
}

async function waitForDelivery(): Promise<void> {
  let delivered = -1
  for (let idleMs = 0; idleMs < PATIENCE_MS && ledger.delivered < ledger.expected; idleMs += 20) {
    if (ledger.delivered !== delivered) idleMs = 0
    delivered = ledger.delivered
    bar.update(accepted, { delivered })
    await sleep(20)
  }
}

function printSummary(): void {
  const latency = (fraction: number) => `${ledger.latencyMs(fraction).toFixed(1)} ms`
  console.log(`accepted            ${accepted} of ${MESSAGES} messages`)
  console.log(`delivered           ${ledger.delivered} of ${ledger.expected} recipients, byte-true`)
  console.log(`messages/s          ${(MESSAGES / seconds).toFixed(0)}`)
  console.log(`latency             median ${latency(0.5)}, 99th percentile ${latency(0.99)}`)
  console.log(`left in the queue   ${leftInQueue}`)
  for (const fault of faults.slice(0, 20)) console.log(`FAULT: ${fault}`)
  if (faults.length > 0) console.log(`${faults.length} faults; log and queue are in ${directory}`)
}
