import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

import { MailLogError } from './errors.ts'

/** What a `LoggerProcess` is told and given. */
export interface LoggerProcessOptions {
  readonly command: string
  readonly argv: readonly string[]
  /** It is not run while there is no such socket: it would read lines, and then end. */
  readonly socketPath: string
  readonly user: { readonly userId: number; readonly groupId: number } | undefined
  readonly after: (delayMs: number, fn: () => void) => unknown
  readonly onError: (error: Error) => void
}

type Child = ChildProcessByStdio<Writable, null, Readable>

const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 60_000
// How long one that was started again must live before it gets lines.
const TRIAL_MS = 500
const MAX_COMPLAINT = 500

/** A program that reads lines as long as there are any; it is started again whenever it ends. */
export class LoggerProcess {
  readonly #options: LoggerProcessOptions
  #child: Child | undefined
  #isReady = false
  #isStarted = false
  #pauseMs = FIRST_PAUSE_MS
  #pending = ''
  #ended: (() => void) | undefined

  constructor(options: LoggerProcessOptions) {
    this.#options = options
  }

  /** Characters that were not passed on yet. */
  get waiting(): number {
    return this.#pending.length
  }

  /** Keeps lines, each ended by LF, for the next `send`. */
  gather(lines: string): void {
    this.#pending += lines
  }

  /** Passes on what was gathered, as far as that is possible now. */
  send(): void {
    if (this.#pending === '') return
    if (!this.#isStarted) this.#start(true)
    const stdin = this.#child?.stdin
    if (stdin === undefined || !this.#isReady || stdin.writableNeedDrain) return
    stdin.write(this.#pending)
    this.#pending = ''
  }

  /** Passes on everything and lets the program end. Resolves when it has, or cannot be run. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve
      if (this.#child === undefined && this.#pending !== '') this.#start(true)
      if (this.#child === undefined) return resolve()
      this.#child.ref()
      this.#child.stdin.end(this.#pending)
      this.#pending = ''
    })
  }

  /** @param isTrusted Whether it gets lines before it has shown that it lives. */
  #start(isTrusted: boolean): void {
    const { socketPath, after } = this.#options
    this.#isStarted = true
    if (!existsSync(socketPath)) {
      this.#pause(`${socketPath}: no such socket`)
      return
    }
    const child = this.#spawn()
    if (child === undefined) return
    child.unref()
    this.#child = child
    this.#isReady = isTrusted
    this.#watch(child)
    after(TRIAL_MS, () => {
      if (this.#child !== child) return
      this.#isReady = true
      this.#pauseMs = FIRST_PAUSE_MS
      this.send()
    })
  }

  #spawn(): Child | undefined {
    const { command, argv, user } = this.#options
    try {
      const child = spawn(command, argv, {
        stdio: ['pipe', 'ignore', 'pipe'],
        detached: true, // A signal for the whole process group must not cut the last words off.
        ...(user && { uid: user.userId, gid: user.groupId }),
      })
      if (child.pid !== undefined) return child
      // Why it does not run is told in a moment. It may have no streams.
      child.once('error', (error) => this.#cannotRun(error))
    } catch (error) {
      this.#cannotRun(error)
    }
    return undefined
  }

  #cannotRun(error: unknown): void {
    const reason = error instanceof Error ? error.message : error
    const { command } = this.#options
    this.#pause(`cannot run ${command}, which comes with util-linux or bsdutils: ${reason}`)
  }

  #watch(child: Child): void {
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, MAX_COMPLAINT)
    })
    child.stdin.on('drain', () => this.send())
    child.stdin.on('error', () => undefined) // It has ended, and that is reported.
    child.once('close', (code, signal) => {
      const { command } = this.#options
      this.#gone(code, `${command} ended (${signal ?? code}): ${complaint.split('\n', 1)[0]}`)
    })
  }

  #gone(code: number | null, problem: string): void {
    this.#child = undefined
    if (this.#ended !== undefined && code === 0) this.#ended()
    else this.#pause(problem)
  }

  #pause(problem: string): void {
    this.#options.onError(new MailLogError('syslog', `cannot write to the system log: ${problem}`))
    this.#ended?.()
    this.#options.after(this.#pauseMs, () => {
      if (this.#ended === undefined) this.#start(false)
    })
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS)
  }
}
