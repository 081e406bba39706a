import { setTimeout as sleep } from 'node:timers/promises'

import { submitMessage } from '@posthouse/qmqp-client'

import { LineSink } from './line-sink.ts'

const PATIENCE_MS = 600_000
const CONTENT = Buffer.from(`Subject: bench\n\n${'Sixteen letters.\n'.repeat(120)}`)

/** Latencies in milliseconds, sorted. */
export type Latencies = readonly number[]

/** Hands mail in, and takes it over SMTP: says how long it was under way. */
export class FreshMail {
  readonly #startedMs = new Map<string, number>()
  readonly #latencies = new Map<string, number>()
  #sink: LineSink | undefined
  #count = 0

  /** The port, on 127.0.0.1, that it is to be delivered to. */
  async listen(): Promise<number> {
    this.#sink = await LineSink.listen((recipient) => this.#arrived(recipient))
    return this.#sink.port
  }

  close(): void {
    this.#sink?.close()
  }

  /** Hands in so many messages, one each `intervalMs`, and waits until all have arrived. */
  async measure(qmqpPort: number, count: number, intervalMs: number): Promise<Latencies> {
    this.#startedMs.clear()
    this.#latencies.clear()
    const submissions: Promise<void>[] = []
    for (let at = 0; at < count; at++) {
      submissions.push(this.#submit(qmqpPort))
      await sleep(intervalMs)
    }
    await Promise.all(submissions)
    const endMs = performance.now() + PATIENCE_MS
    while (this.#latencies.size < count) {
      if (performance.now() > endMs) throw new Error(`${this.#latencies.size} of ${count} arrived`)
      await sleep(5)
    }
    return [...this.#latencies.values()].sort((a, b) => a - b)
  }

  #arrived(recipient: string): void {
    const startedMs = this.#startedMs.get(recipient)
    if (startedMs === undefined || this.#latencies.has(recipient)) return
    this.#latencies.set(recipient, performance.now() - startedMs)
  }

  async #submit(qmqpPort: number): Promise<void> {
    const recipient = `fresh${this.#count++}@live.test`
    this.#startedMs.set(recipient, performance.now())
    const message = { sender: 's@example.org', recipients: [recipient], content: CONTENT }
    const reply = await submitMessage({ host: '127.0.0.1', port: qmqpPort }, message)
    if (reply.kind !== 'accepted') throw new Error(`not accepted: ${reply.text}`)
  }
}
