import type { VirtualClock } from '@posthouse/clock'

import { VirtualSocket } from './virtual-socket.ts'

export type ScriptEnd = 'close' | 'silence' | 'endless'

/** What a server says, whatever it is asked. */
export interface Script {
  /**
   * For the connection, each command, and each end of data, in this order; then it says yes. One
   * octet a character.
   */
  readonly replies: readonly string[]
  /** After so many octets it closes the connection, says nothing more, or never comes to an end. */
  readonly end?: { readonly octets: number; readonly how: ScriptEnd } | undefined
}

/** How the octets of a server arrive: pieces of such lengths, so long after each other, again. */
export type Pieces = readonly { readonly octets: number; readonly delayMs: number }[]

/** In one piece, at once. */
export const WHOLE: Pieces = [{ octets: Number.MAX_SAFE_INTEGER, delayMs: 0 }]

const NOTHING: Buffer = Buffer.alloc(0)
const YES = '250 2.0.0 yes\r\n'
const MORE = Buffer.from('\r\n250-and more')

/**
 * One connection to a server with a script: what it says depends on octets, not on time. It does
 * not speak TLS: a handshake gets one more reply, and no answer after that.
 */
export class AnyServer {
  readonly socket: VirtualSocket
  /** Messages that it has said yes to. */
  accepted = 0
  readonly #clock: VirtualClock
  readonly #script: Script
  readonly #pieces: Pieces
  readonly #said: Buffer[] = []
  #octets = 0
  #unsent = NOTHING
  #isSending = false
  #isOver = false
  #how: ScriptEnd = 'silence'
  #awaitsHandshake = false
  #isDeaf = false
  #replies = 0
  #piece = 0
  #received = ''
  #inData = false

  constructor(clock: VirtualClock, script: Script, pieces: Pieces) {
    this.#clock = clock
    this.#script = script
    this.#pieces = pieces
    this.socket = new VirtualSocket(clock, (bytes) => this.#receive(bytes))
    this.socket.on('connect', () => this.#reply())
  }

  /** All that it has said, as far as it got. */
  get said(): Buffer {
    return Buffer.concat(this.#said)
  }

  #receive(bytes: Buffer): void {
    if (this.#awaitsHandshake) {
      this.#awaitsHandshake = false
      this.#isDeaf = true
      this.#reply()
    }
    if (this.#isDeaf) return
    this.#received += bytes.toString('latin1')
    for (;;) {
      const mark = this.#inData ? '\r\n.\r\n' : '\r\n'
      const at = this.#received.indexOf(mark)
      if (at < 0) return
      const text = this.#received.slice(0, at)
      this.#received = this.#received.slice(at + mark.length)
      const code = this.#reply()
      if (this.#inData && code === '2') this.accepted++
      this.#inData = !this.#inData && text === 'DATA' && code === '3'
      // What comes after the line end of DATA may be a message without a line.
      if (this.#inData) this.#received = `\r\n${this.#received}`
      if (text === 'STARTTLS' && code === '2') {
        this.#awaitsHandshake = true
        return
      }
      if (text === 'QUIT') this.#end('close')
    }
  }

  /** @returns how the code of its last line begins, if all of it was said. */
  #reply(): string | undefined {
    const reply = Buffer.from(this.#script.replies[this.#replies++] ?? YES, 'latin1')
    const { octets = Number.POSITIVE_INFINITY, how = 'silence' } = this.#script.end ?? {}
    const part = this.#isOver ? NOTHING : reply.subarray(0, octets - this.#octets)
    this.#said.push(part)
    this.#octets += part.length
    this.#unsent = Buffer.concat([this.#unsent, part])
    if (this.#octets === octets) this.#end(how)
    this.#send()
    if (part.length < reply.length) return undefined
    return reply.toString('latin1').split('\n').at(-2)?.[0]
  }

  #end(how: ScriptEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#how = how
    this.#send()
  }

  #send(): void {
    if (this.#isSending) return
    const isEndless = this.#isOver && this.#how === 'endless' && !this.socket.destroyed
    if (isEndless && this.#unsent.length === 0) this.#unsent = MORE
    if (this.#unsent.length === 0) {
      if (this.#isOver && this.#how === 'close') this.socket.hangUp()
      return
    }
    const { octets, delayMs: pauseMs } = this.#pieces[this.#piece++ % this.#pieces.length]!
    const delayMs = isEndless ? Math.max(1, pauseMs) : pauseMs // Time has to go on.
    this.#isSending = true
    this.#clock.after(delayMs, () => {
      this.#isSending = false
      this.socket.arrive(this.#unsent.subarray(0, octets))
      this.#unsent = this.#unsent.subarray(octets)
      this.#send()
    })
  }
}
