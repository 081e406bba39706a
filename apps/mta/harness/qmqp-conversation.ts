import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ConnectionEnd, Step } from './transcript.ts'

const PATIENCE_MS = 8000

/** Whom to talk to, and from where. */
export interface ConversationPlace {
  readonly host: string
  readonly port: number
  readonly localAddress: string
}

/** What a client saw. */
export interface Conversation {
  readonly reply: Buffer
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
  place: ConversationPlace,
  steps: readonly Step[],
  afterSleep: () => Promise<unknown> = async () => undefined,
): Promise<Conversation> {
  const socket = createConnection({ ...place, allowHalfOpen: true, noDelay: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = endOf(socket)
  await once(socket, 'connect')
  const localPort = socket.localPort ?? 0
  const isOurs = await act(socket, steps, afterSleep)
  const start = performance.now()
  const end = isOurs ? 'client-closed' : await ended
  const secondsUntilEnd = (performance.now() - start) / 1000
  socket.destroy()
  return { reply: Buffer.concat(chunks), end, secondsUntilEnd, localPort }
}

function endOf(socket: Socket): Promise<ConnectionEnd> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('EOF'))
    socket.on('error', () => resolve('RST'))
    socket.setTimeout(PATIENCE_MS, () => resolve('TIMEOUT(open)'))
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
        socket.end()
        await once(socket, 'finish')
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
    socket.write(bytes)
    return
  }
  for (let at = 0; at < bytes.length; at++) {
    socket.write(bytes.subarray(at, at + 1))
    await sleep(1)
  }
}
