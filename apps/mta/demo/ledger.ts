import type { Arrival } from '../harness/destination.ts'
import type { DemoMessage } from './messages.ts'

interface Entry {
  readonly message: DemoMessage
  readonly sentAtMs: number
  readonly missing: Set<string>
}

const MESSAGE_ID = /^Message-Id: <([^>]*)>$/im
// The one header that the mail system adds, folded (RFC 5321 4.4).
const RECEIVED = /^Received: from [^\n]*\n(?:[\t ][^\n]*\n)+$/

/** What was handed in, and what of it arrived, byte for byte, at each recipient. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  readonly #latenciesMs: number[] = []
  readonly #faults: string[] = []
  #expected = 0

  /** Call before the message is handed in: it may arrive before the reply does. */
  sent(message: DemoMessage): void {
    const missing = new Set(message.recipients)
    this.#expected += missing.size
    this.#entries.set(message.id, { message, missing, sentAtMs: performance.now() })
  }

  arrived({ recipient, content, atMs }: Arrival): void {
    const headers = content.subarray(0, 4096).toString('latin1')
    const entry = this.#entries.get(MESSAGE_ID.exec(headers)?.[1] ?? '')
    if (entry === undefined) this.#faults.push(`an unknown message for ${recipient}`)
    else if (!entry.missing.delete(recipient)) this.#faults.push(`a second copy for ${recipient}`)
    else if (!isByteTrue(content, entry.message.content)) {
      this.#faults.push(`message ${entry.message.id} was changed on its way to ${recipient}`)
    } else this.#latenciesMs.push(atMs - entry.sentAtMs)
  }

  /** Recipients that have their copy, unchanged. */
  get delivered(): number {
    return this.#latenciesMs.length
  }

  get expected(): number {
    return this.#expected
  }

  /** What went wrong, a line each; empty if every recipient has one unchanged copy. */
  faults(): string[] {
    const missing = [...this.#entries.values()]
      .filter((entry) => entry.missing.size > 0)
      .map(
        ({ message, missing }) => `message ${message.id} did not reach ${[...missing].join(' ')}`,
      )
    return [...this.#faults, ...missing]
  }

  /** @param fraction 0.5 for the median. */
  latencyMs(fraction: number): number {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
  }
}

function isByteTrue(received: Buffer, sent: Buffer): boolean {
  const added = received.length - sent.length
  if (added <= 0 || !received.subarray(added).equals(sent)) return false
  return RECEIVED.test(received.subarray(0, added).toString('latin1'))
}
