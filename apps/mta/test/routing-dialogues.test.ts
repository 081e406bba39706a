import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Zone } from '../harness/name-server.ts'
import { freePort } from '../harness/posthouse.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'
import { ScriptedWorld } from '../harness/scripted-world.ts'

interface Dialogue {
  readonly name: string
  readonly title: string
  readonly config: Readonly<Record<string, string>>
  readonly nexthop: string
  readonly dns?: Zone
  /** Server by `address:port`: `server 0`. */
  readonly connect?: Readonly<Record<string, string>>
  readonly message: {
    readonly recipients: readonly string[]
    readonly content: readonly string[]
  }
  readonly server_script: readonly (readonly (readonly ScriptStep[])[])[]
  readonly client_sent: readonly {
    readonly server: number
    readonly connection: number
    readonly groups: readonly (readonly string[])[]
  }[]
  readonly log_lines: readonly string[]
}

// Their settings are of the whole host.
const GLOBAL = ['proxy_interfaces']
// Beside those with a zone of their own.
const WITHOUT_ZONE = ['refused-fallback', 'fallback-nodns', 'nxdomain', 'host-lookup-nodns']
const OTHERS = ['no-brackets-ip', 'dest-list-nx', 'nx-fallback', 'relayhost-problem']

const file = new URL(
  'vectors/dialogues.json',
  import.meta.resolve('@posthouse/smtp-client/package.json'),
)
const dialogues = (JSON.parse(readFileSync(file, 'utf8')) as Dialogue[]).filter(
  ({ name, dns, config }) =>
    (dns !== undefined || [...WITHOUT_ZONE, ...OTHERS].includes(name)) &&
    !Object.keys(config).some((parameter) => parameter.includes('tls')), // Of another chapter.
)

/** One dialogue's servers. */
class Cast {
  readonly dialogue: Dialogue
  readonly servers: readonly (ScriptedServer | undefined)[]
  readonly #closedPort: number

  private constructor(
    dialogue: Dialogue,
    servers: readonly (ScriptedServer | undefined)[],
    closedPort: number,
  ) {
    this.dialogue = dialogue
    this.servers = servers
    this.#closedPort = closedPort
  }

  static async gather(dialogue: Dialogue): Promise<Cast> {
    const servers = dialogue.server_script.map((script) =>
      script.length > 0 ? ScriptedServer.listen(script) : undefined,
    )
    return new Cast(dialogue, await Promise.all(servers), await freePort())
  }

  get domain(): string {
    return this.dialogue.message.recipients[0]?.replace(/^.*@/, '') ?? ''
  }

  withPorts(text: string): string {
    return text.replace(/PORT(\d)|CLOSEDPORT/g, (_, index) => String(this.#port(Number(index))))
  }

  masked(text: string): string {
    let masked = text
    for (const [index, server] of this.servers.entries()) {
      masked = masked.replaceAll(`:${server?.port}`, `:PORT${index}`)
    }
    const closed = this.dialogue.nexthop.includes('CLOSEDPORT') ? 'CLOSEDPORT' : 'PORT0'
    return masked
      .replaceAll(`:${this.#closedPort}`, `:${closed}`)
      .replace(/ delay=.*?, delays=.*?,/, ' delay=D, delays=A/B/C/D,')
  }

  connections(): [place: string, port: number][] {
    const connect = Object.entries(this.dialogue.connect ?? {})
    return connect.map(([place, server]) => [place, this.#port(Number(server.slice(-1)))])
  }

  #port(index: number): number {
    return this.servers[index]?.port ?? this.#closedPort
  }
}

let casts: readonly Cast[]
let world: ScriptedWorld

beforeAll(async () => {
  casts = await Promise.all(dialogues.map((dialogue) => Cast.gather(dialogue)))
  const zones = casts.map((cast): Zone => {
    return JSON.parse(cast.withPorts(JSON.stringify(cast.dialogue.dns ?? {})))
  })
  const shared = dialogues.flatMap(({ config }) =>
    Object.entries(config).filter(([name]) => GLOBAL.includes(name)),
  )
  world = await ScriptedWorld.open({
    zone: Object.assign({}, ...zones),
    parameters: { ...Object.fromEntries(shared), smtputf8_autodetect_classes: 'all' },
    servers: Object.fromEntries(casts.flatMap((cast) => cast.connections())),
    routes: casts.map((cast) => ({
      domain: cast.domain,
      nexthop: cast.withPorts(cast.dialogue.nexthop),
      parameters: Object.fromEntries(
        Object.entries(cast.dialogue.config)
          .filter(([name]) => !GLOBAL.includes(name))
          .map(([name, value]) => [name, cast.withPorts(value)]),
      ),
    })),
  })
})

afterAll(async () => {
  await world.close()
  for (const { servers } of casts) for (const server of servers) server?.close()
})

it.each(dialogues.map(({ name, title }, at) => [name, title, at] as const))(
  'C-178, C-179: %s: %s',
  async (_name, _title, at) => {
    const cast = casts[at]!
    const { message, log_lines, client_sent } = cast.dialogue
    const content = message.content.map((line) =>
      line.replace(/^(Subject: test |Message-ID: <)N/, '$11'),
    )
    const text = content.map((line) => `${line}\n`).join('')
    const id = await world.submit(message.recipients, text)
    await world.outcomes(id, message.recipients.length)

    const lines = world
      .smtpLines()
      .filter((line) => line.startsWith(`${id}: `))
      .map((line) => cast.masked(line).replace(id, 'QUEUEID'))
    const recorded = log_lines
      .filter((line) => /^postfix\/smtp\[PID\]: QUEUEID: /.test(line))
      .map((line) => line.replace(/^postfix\/smtp\[PID\]: /, '').replace(' tls=none,', ''))
    expect(lines.toSorted()).toEqual(recorded.toSorted())

    const expected = client_sent.map(({ groups }) => withoutReceived(groups.flat()))
    // The last QUIT may still be on its way.
    await expect.poll(() => client_sent.map((place) => sentTo(cast, place))).toEqual(expected)
    const connections = cast.servers.flatMap((server) => server?.received ?? [])
    expect(connections).toHaveLength(client_sent.length)
  },
)

it('C-31, C-107: what is logged without a queue id', () => {
  const lines = world.smtpLines().filter((line) => !/^(?:warning: )?[0-9A-Za-z]{10,}: /.test(line))
  const recorded = casts.flatMap(({ dialogue }) =>
    dialogue.log_lines
      .filter((line) => /^postfix\/smtp\[PID\]: (?!QUEUEID: )/.test(line))
      .map((line) => line.replace(/^postfix\/smtp\[PID\]: /, '')),
  )
  const masked = lines.map((line) => line.replace(/:\d{4,5}:/, ':PORT:'))
  const expected = recorded.map((line) => line.replace(/:(CLOSED)?PORT\d?:/, ':PORT:'))
  expect(masked.toSorted()).toEqual(expected.toSorted())
})

function sentTo({ servers }: Cast, place: { server: number; connection: number }): string[] {
  return withoutReceived(servers[place.server]?.received[place.connection] ?? [])
}

/** Commands without sizes, which depend on it, and content without the header of the relay. */
function withoutReceived(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => line.startsWith('Received: '))
  const end = lines.findIndex((line, at) => at > start && !/^[ \t]/.test(line))
  const rest = start < 0 ? lines : lines.toSpliced(start, end - start)
  return rest.map((line) => line.replace(/^(MAIL FROM:.*) SIZE=\d+/, '$1 SIZE=N'))
}
