import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ConnectionEnd, Step } from './transcript.ts'

const PATIENCE_MS = 8000
const PAUSE_SECONDS = 0.003

/** Whom to talk to, and how. */
export interface ConversationPlace {
  readonly port: number
  /** 127.0.0.1 if absent. */
  readonly host?: string
  readonly localAddress?: string
  /** How long the server may be silent until the client goes: 8 s if absent. */
  readonly patienceMs?: number
}

/** What the client saw. Whatever a server does is a result. */
export interface ConversationResult {
  /** Everything the server said. */
  readonly reply: Buffer
  /** `RST`: closed by the server while bytes were unread. */
  readonly end: ConnectionEnd
  /** Whole and part seconds from what the client did last to the end. */
  readonly secondsUntilEnd: number
  readonly localPort: number
}

/**
 * Connects, does what the steps say, and listens until the end of the connection.
 *
 * @param afterSleep Awaited after each pause, which is there to let the server do its part.
 */
export async function converse(
  { port, host = '127.0.0.1', localAddress, patienceMs = PATIENCE_MS }: ConversationPlace,
  steps: readonly Step[],
  afterSleep: () => Promise<unknown> = async () => undefined,
): Promise<ConversationResult> {
  const socket = createConnection({
    ...{ port, host, allowHalfOpen: true, noDelay: true },
    ...(localAddress !== undefined && { localAddress }),
  })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = endOf(socket, patienceMs)
  await once(socket, 'connect').catch(() => undefined)
  const localPort = socket.localPort ?? 0
  const isOurs = await act(socket, steps, afterSleep)
  const start = performance.now()
  const end = isOurs ? 'client-closed' : await ended
  const secondsUntilEnd = (performance.now() - start) / 1000
  socket.destroy()
  return { reply: Buffer.concat(chunks), end, secondsUntilEnd, localPort }
}

function endOf(socket: Socket, patienceMs: number): Promise<ConnectionEnd> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('EOF'))
    socket.on('error', () => resolve('RST'))
    socket.setTimeout(patienceMs, () => resolve('TIMEOUT(open)'))
  })
}

/** @returns whether the client left. */
async function act(
  socket: Socket,
  steps: readonly Step[],
  afterSleep: () => Promise<unknown>,
): Promise<boolean> {
  for (const step of steps) {
    switch (step.op) {
      case 'send':
        await send(socket, Buffer.from(step.hex, 'hex'), step.one_byte_per_write === true)
        break
      case 'sleep':
        await sleep(step.seconds * 1000)
        await afterSleep()
        break
      case 'shutdown-write':
        socket.end()
        break
      case 'close':
        // What was written is sent before the end.
        await new Promise<void>((resolve) => socket.end(() => resolve()).once('close', resolve))
        socket.destroy()
        return true
      case 'reset':
        socket.resetAndDestroy()
        return true
    }
  }
  return false
}

async function send(socket: Socket, bytes: Buffer, oneByOne: boolean): Promise<void> {
  if (!oneByOne) {
    if (socket.writable) socket.write(bytes)
    return
  }
  for (let at = 0; at < bytes.length && socket.writable; at++) {
    socket.write(bytes.subarray(at, at + 1))
    await sleep(1)
  }
}

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

/** The same as steps. */
export function stepsOf({ writes, ending }: Conversation): Step[] {
  const sending = writes.flatMap((bytes, at): Step[] => [
    ...(at > 0 ? [{ op: 'sleep', seconds: PAUSE_SECONDS } as const] : []),
    { op: 'send', hex: bytes.toString('hex') },
  ])
  if (ending === 'wait') return sending
  return [...sending, { op: ending === 'close' ? 'close' : 'shutdown-write' }]
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
