import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { type Arrival, Destination } from '../harness/destination.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { until } from '../harness/until.ts'

const installed = peersInstalled('postfix', 'postlog')
const asRoot = process.getuid?.() === 0

const LIVE = 50
const MESSAGES = 20
const AT_ONCE = 20
const INITIAL = 5
/** More than it takes to deliver to the live ones. */
const TIMEOUT_S = 15
const DEAD = 'a-dead.test' // So that it is the first of each message.

/** What became of the mail for the live ones, from the first message until the last arrival. */
interface Course {
  readonly seconds: number
  /** Deliveries to the dead one that were tried meanwhile, and have failed or not ended yet. */
  readonly tried: number
}

/** A destination that never says a word. */
class SilentServer {
  readonly #server: Server
  readonly #sockets: Socket[] = []

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined) // The client gives up.
      this.#sockets.push(socket)
    })
  }

  static async listen(): Promise<SilentServer> {
    const silent = new SilentServer()
    silent.#server.listen(0, '127.0.0.1')
    await once(silent.#server, 'listening')
    return silent
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Since the last time. */
  connections(): number {
    return this.#sockets.splice(0).length
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

describe.runIf(installed && asRoot)('a dead destination among 50 live ones', () => {
  const destinations: Destination[] = []
  const routes: string[] = []
  const arrivals: Arrival[] = []
  let silent: SilentServer
  beforeAll(async () => {
    for (let at = 0; at < LIVE; at++) {
      const destination = new Destination((one) => arrivals.push(one), { answerAfterMs: 20 })
      destinations.push(destination)
      routes.push(`{d${at}.test = smtp:[127.0.0.1]:${await destination.listen()}}`)
    }
    silent = await SilentServer.listen()
  })
  afterAll(async () => {
    silent.close()
    await Promise.all(destinations.map((destination) => destination.close()))
  })

  async function delivers(system: ComparedSystem, domains: readonly string[]): Promise<Course> {
    arrivals.length = 0
    silent.connections()
    const startMs = performance.now()
    for (let at = 0; at < MESSAGES; at++) {
      await system.submit(domains.map((domain) => `r${at}@${domain}`))
    }
    await until(
      () => arrivals.length === LIVE * MESSAGES,
      () => `${system.name}: ${arrivals.length} have arrived`,
    )
    const seconds = (performance.now() - startMs) / 1000
    return { seconds, tried: silent.connections() + refused(system.logText()) }
  }

  it.each(['silent', 'refusing'] as const)(
    'O-10: one that is %s does not hold up the others, as with Postfix',
    async (kind) => {
      const port = kind === 'silent' ? silent.port : await freePort()
      const parameters = {
        transport_maps: `inline:{ ${routes.join(' ')} {${DEAD} = smtp:[127.0.0.1]:${port}} }`,
        initial_destination_concurrency: String(INITIAL),
        smtp_helo_timeout: `${TIMEOUT_S}s`,
      }
      const live = Array.from({ length: LIVE }, (_, at) => `d${at}.test`)
      const configuration = { parameters, manager: 'qmgr', processLimit: AT_ONCE } as const
      const result = await compare(configuration, async (system) => {
        const without = await delivers(system, live)
        return { without, beside: await delivers(system, [DEAD, ...live]) }
      })
      for (const [name, { without, beside }] of Object.entries(result)) {
        console.log(
          `${kind}, ${name}: ${LIVE * MESSAGES} deliveries in ${without.seconds.toFixed(1)} s, ` +
            `beside a dead destination in ${beside.seconds.toFixed(1)} s, ` +
            `while ${beside.tried} deliveries to it were tried`,
        )
        expect(without.tried).toBe(0)
        expect(beside.tried).toBeGreaterThanOrEqual(1)
        expect(beside.tried).toBeLessThanOrEqual(INITIAL)
        expect(beside.seconds).toBeLessThan(TIMEOUT_S)
      }
    },
    120_000,
  )
})

/** Deliveries that ended because nobody listened. */
function refused(log: string): number {
  return log.split('\n').filter((line) => /status=deferred \(connect to/.test(line)).length
}
