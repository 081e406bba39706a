import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const COMMAND = join(import.meta.dirname, '../bin/posthouse.js')
const PATIENCE_MS = 20_000

/** A `posthouse start-fg` of its own, on the configuration in `directory/conf`. */
export class Posthouse {
  /** What it logged, a line each. */
  readonly log: string[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  readonly #exit: Promise<number | string>

  private constructor(directory: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [COMMAND, '-c', join(directory, 'conf'), 'start-fg'], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.log.push(line)
        for (const check of this.#waiting) check()
      })
    }
    this.#exit = once(this.#child, 'close').then(([code, signal]) => code ?? signal)
  }

  /**
   * Starts it and waits until it takes mail.
   *
   * @param started Resolves when it does, where it does not log to standard output.
   * @param environment Variables beside those of this process.
   */
  static async start(
    directory: string,
    started?: () => Promise<unknown>,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Posthouse> {
    const posthouse = new Posthouse(directory, environment)
    if (started === undefined) await posthouse.logged(/daemon started/)
    else await Promise.race([started(), posthouse.#endedEarly()])
    return posthouse
  }

  get processId(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for a line that matches, among those there were and those to come. */
  async logged(pattern: RegExp, patienceMs: number = PATIENCE_MS): Promise<string> {
    return this.waitFor(
      () => this.log.find((line) => pattern.test(line)),
      () => `no line matched ${pattern}`,
      patienceMs,
    )
  }

  /** Calls `look` now and after each line until it gives something. */
  async waitFor<T>(
    look: () => T | undefined,
    complaint: () => string,
    patienceMs: number = PATIENCE_MS,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const fail = (reason: string) =>
      reject(
        new Error(`${complaint()}: ${reason}; the log ends\n${this.log.slice(-30).join('\n')}`),
      )
    const check = () => {
      const found = look()
      if (found !== undefined) resolve(found)
    }
    const timer = setTimeout(() => fail(`waited ${patienceMs} ms`), patienceMs)
    this.#waiting.add(check)
    void this.#exit.then((exit) => fail(`posthouse ended with ${exit}`))
    check()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(check)
    }
  }

  async #endedEarly(): Promise<never> {
    throw new Error(`posthouse ended with ${await this.#exit}:\n${this.log.join('\n')}`)
  }

  /** From now on nobody reads its standard output. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Waits for its end. @returns the exit status, or the name of the signal that ended it. */
  exited(): Promise<number | string> {
    return this.#exit
  }

  stop(): Promise<number | string> {
    this.signal('SIGTERM')
    return this.#exit
  }

  kill(): Promise<number | string> {
    this.signal('SIGKILL')
    return this.#exit
  }
}

/** What a `posthouse` command said and how it ended. */
export interface CommandResult {
  readonly status: number | string
  readonly output: string
}

/** Runs `posthouse` with these arguments to its end. */
export async function runCommand(...args: string[]): Promise<CommandResult> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const [code, signal] = await once(child, 'close')
  return { status: code ?? signal, output }
}

// Its twin is in src/free-port.ts of apps/bench.
/** A TCP port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port!
}

/** So many ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
