import { masterCfFor } from './configuration.ts'
import { type Conversation, type ConversationResult, converse, stepsOf } from './conversation.ts'
import { type Delivered, DeliveryLog, deliveredMessages, queueIdIn } from './delivered.ts'
import { QueueingPostfix } from './queueing-postfix.ts'
import { type RecordedMessage, RecordingSink } from './recording-sink.ts'
import { Scene } from './scene.ts'
import { until } from './until.ts'

/** What became of one conversation, without what differs from run to run. */
export interface Outcome {
  /** The status letter and text; `NO_REPLY`; or, with quotes, what is no netstring. */
  readonly reply: string
  readonly end: ConversationResult['end']
  readonly delivered: readonly Delivered[]
  /** Recipients that got nothing, with the reason. */
  readonly failed: readonly string[]
}

// Of many clients at once.
const PATIENCE_MS = 15_000

/** The reply of a server that says nothing. */
export const NO_REPLY = '(nothing)'

/** One mail system, and the sink that it delivers to. */
export class Relay {
  readonly sink: RecordingSink
  readonly #port: number
  readonly #readLog: () => string
  readonly #stop: () => Promise<void>
  readonly #log = new DeliveryLog()
  readonly #index = new Map<string, readonly RecordedMessage[]>()
  #indexed = 0

  private constructor(
    sink: RecordingSink,
    { port, readLog, stop }: { port: number; readLog: () => string; stop: () => Promise<void> },
  ) {
    this.sink = sink
    this.#port = port
    this.#readLog = readLog
    this.#stop = stop
  }

  /** Failures for good are tried again, too: a bounce message would be mail of its own. */
  static async startPosthouse(parameters: Readonly<Record<string, string>>): Promise<Relay> {
    const sink = await RecordingSink.listen()
    const relayhost = `[127.0.0.1]:${sink.port}`
    const scene = await Scene.open({ parameters: { ...parameters, relayhost }, masterCf: softly })
    const readLog = () => `${scene.posthouse.log.join('\n')}\n`
    return new Relay(sink, { port: scene.port, readLog, stop: () => scene.close() })
  }

  /** The same. */
  static async startPostfix(parameters: Readonly<Record<string, string>>): Promise<Relay> {
    const sink = await RecordingSink.listen()
    const relayhost = `[127.0.0.1]:${sink.port}`
    const postfix = await QueueingPostfix.start({ ...parameters, relayhost }, DELIVERING)
    const readLog = () => postfix.logText()
    return new Relay(sink, { port: postfix.port, readLog, stop: () => postfix.stop() })
  }

  /** Has the conversations, so many at a time, and waits until what was accepted was tried. */
  async run(conversations: readonly Conversation[], atOnce: number): Promise<Outcome[]> {
    const results: ConversationResult[] = []
    const waiting = conversations.entries()
    const work = async () => {
      for (const [at, conversation] of waiting) {
        const place = { port: this.#port, patienceMs: PATIENCE_MS }
        results[at] = await converse(place, stepsOf(conversation))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const ids = results.flatMap(({ reply }) => queueIdOf(reply) ?? [])
    await until(
      () => this.#untried(ids).length === 0,
      () => `not tried: ${this.#untried(ids).join(', ')}`,
    )
    return results.map((result) => this.#outcome(result))
  }

  /** As they came, by the queue id that they have here. */
  messages(id: string): readonly RecordedMessage[] {
    for (const message of this.sink.messages.slice(this.#indexed)) {
      const key = queueIdIn(message)
      this.#index.set(key, [...(this.#index.get(key) ?? []), message])
    }
    this.#indexed = this.sink.messages.length
    return this.#index.get(id) ?? []
  }

  async stop(): Promise<void> {
    await this.#stop()
    await this.sink.close()
  }

  #untried(ids: readonly string[]): string[] {
    this.#log.read(this.#readLog())
    return this.#log.untried(ids)
  }

  #outcome({ reply, end }: ConversationResult): Outcome {
    const id = queueIdOf(reply)
    const text = readReply(reply)
    if (id === undefined) return { reply: text, end, delivered: [], failed: [] }
    const delivered = deliveredMessages(this.messages(id))
    return { reply: text.replace(id, '<QID>'), end, delivered, failed: this.#log.failures(id) }
  }
}

/** Services that deliver take failures for good as failures for now. */
function softly(port: number): string {
  return masterCfFor(port).replace(/ (smtp|error)$/gm, ' $1 -o soft_bounce=yes')
}

const DELIVERING = `\
qmgr unix n - n 300 1 qmgr
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp -o soft_bounce=yes
error unix - - n - - error -o soft_bounce=yes
retry unix - - n - - error -o soft_bounce=yes
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
`

/** As it came, if it came once. */
export function rawMessage(relay: Relay, { delivered }: Outcome): RecordedMessage | undefined {
  const messages = delivered.flatMap(({ id }) => relay.messages(id))
  return messages.length === 1 ? messages[0] : undefined
}

function queueIdOf(reply: Buffer): string | undefined {
  return /queued as (\w+)/.exec(reply.toString('latin1'))?.[1]
}

function readReply(reply: Buffer): string {
  if (reply.length === 0) return NO_REPLY
  const bytes = reply.toString('latin1')
  const [, length, text = ''] = /^([1-9]\d*):(.*),$/s.exec(bytes) ?? []
  return text.length === Number(length) ? text : JSON.stringify(bytes)
}
