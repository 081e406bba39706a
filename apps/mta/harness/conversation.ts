import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a client does after its last byte. */
export type Ending =
  /** Ends its own side and waits for the server. */
  | 'half-close'
  /** Waits for the server. */
  | 'wait'
  /** Goes, and does not look at the reply. */
  | 'close'

/** The bytes of one client, and how it ends. */
export interface Conversation {
  /** Written one after the other, with a short pause between them. */
  readonly writes: readonly Buffer[]
  readonly ending: Ending
}

/** What the client saw. */
export interface ConversationResult {
  /** Everything the server said. */
  readonly reply: string
  /** `reset`: closed by the server while bytes were unread. `client`: the client went first. */
  readonly end: 'eof' | 'reset' | 'client' | 'still open'
}

const PAUSE_MS = 3
const PATIENCE_MS = 15_000

/** Has one QMQP conversation with a server on 127.0.0.1. Whatever that does is a result. */
export function converse(port: number, conversation: Conversation): Promise<ConversationResult> {
  const { writes, ending } = conversation
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const finish = (end: ConversationResult['end']) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ reply: Buffer.concat(chunks).toString('latin1'), end })
    }
    const timer = setTimeout(() => finish('still open'), PATIENCE_MS)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => finish('eof'))
    socket.on('error', () => finish('reset'))
    const talk = async () => {
      for (const [at, bytes] of writes.entries()) {
        if (at > 0) await sleep(PAUSE_MS)
        if (bytes.length > 0 && socket.writable) socket.write(bytes)
      }
      if (ending === 'half-close') socket.end()
      // What was written is sent before the end; a server that answers meanwhile is not heard.
      if (ending === 'close') socket.end(() => finish('client'))
    }
    void talk()
  })
}

/** One netstring. */
export function netstring(payload: string | Buffer): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes, Buffer.from(',')])
}

/** The bytes of a QMQP request. Addresses that are strings become UTF-8. */
export function qmqpRequest(
  content: string | Buffer,
  sender: string | Buffer,
  recipients: readonly (string | Buffer)[],
): Buffer {
  return netstring(Buffer.concat([content, sender, ...recipients].map(netstring)))
}
