import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { unquoteAddress } from '@posthouse/mail-address'

import type { Zone } from './name-server.ts'
import { queueMessage } from './queue-message.ts'
import {
  asQueued,
  canComeOverQmqp,
  type RecordedMessage,
  recordedText,
} from './recorded-message.ts'
import { ScriptedServer, type ScriptStep } from './scripted-server.ts'
import { CLOSED_PORT, ScriptedWorld } from './scripted-world.ts'

/** A delivery of smtp(8) as it was recorded; README.md of the vectors says what is in it. */
export interface Dialogue {
  readonly name: string
  readonly title: string
  readonly config: Readonly<Record<string, string>>
  readonly nexthop: string
  readonly dns?: Zone
  /** Server by `address:port`: `server 0`. */
  readonly connect?: Readonly<Record<string, string>>
  readonly message: RecordedMessage
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

const file = new URL(
  'vectors/dialogues.json',
  import.meta.resolve('@posthouse/smtp-client/package.json'),
)

/** All that were recorded from smtp(8). */
export const smtpDialogues: readonly Dialogue[] = JSON.parse(readFileSync(file, 'utf8'))

/** One dialogue's servers. */
class Cast {
  readonly dialogue: Dialogue
  readonly servers: readonly (ScriptedServer | undefined)[]

  private constructor(dialogue: Dialogue, servers: readonly (ScriptedServer | undefined)[]) {
    this.dialogue = dialogue
    this.servers = servers
  }

  static async gather(dialogue: Dialogue): Promise<Cast> {
    const servers = dialogue.server_script.map((script) =>
      script.length > 0 ? ScriptedServer.listen(script) : undefined,
    )
    return new Cast(dialogue, await Promise.all(servers))
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
      .replaceAll(`:${CLOSED_PORT}`, `:${closed}`)
      .replace(/ delay=.*?, delays=.*?,/, ' delay=D, delays=A/B/C/D,')
  }

  connections(): [place: string, port: number][] {
    const connect = Object.entries(this.dialogue.connect ?? {})
    return connect.map(([place, server]) => [place, this.#port(Number(server.slice(-1)))])
  }

  /** Those of its transport. */
  parameters(): Record<string, string> {
    const own = Object.entries(this.dialogue.config).filter(([name]) => !GLOBAL.includes(name))
    // What the recordings had in a table is part of master.cf here.
    const text = (value: string): string => this.withPorts(value).replace(/\$(?=\d)/g, '$$$$')
    return Object.fromEntries(own.map(([name, value]) => [name, text(value)]))
  }

  /** What its servers were sent: each connection. */
  sent(): string[][] {
    const places = this.dialogue.client_sent
    const known = places.map(({ server, connection }) => {
      return withoutReceived(this.servers[server]?.received[connection] ?? [])
    })
    const more = this.servers.flatMap((server) => server?.received ?? []).slice(places.length)
    return [...known, ...more]
  }

  #port(index: number): number {
    return this.servers[index]?.port ?? CLOSED_PORT
  }
}

/** What was logged of a dialogue, and sent: as it was recorded, or as it was now. */
export interface DialogueRun {
  readonly lines: readonly string[]
  readonly sent: readonly (readonly string[])[]
}

/** A posthouse that plays dialogues, each with servers, and a transport, of its own. */
export class DialogueStage {
  readonly #casts: readonly Cast[]
  readonly #world: ScriptedWorld

  private constructor(casts: readonly Cast[], world: ScriptedWorld) {
    this.#casts = casts
    this.#world = world
  }

  static async open(dialogues: readonly Dialogue[]): Promise<DialogueStage> {
    const casts = await Promise.all(dialogues.map((dialogue) => Cast.gather(dialogue)))
    const zones = casts.map((cast): Zone => {
      return JSON.parse(cast.withPorts(JSON.stringify(cast.dialogue.dns ?? {})))
    })
    const shared = dialogues.flatMap(({ config }) =>
      Object.entries(config).filter(([name]) => GLOBAL.includes(name)),
    )
    const world = await ScriptedWorld.open({
      zone: Object.assign({}, ...zones),
      parameters: { ...Object.fromEntries(shared), smtputf8_autodetect_classes: 'all' },
      servers: Object.fromEntries(casts.flatMap((cast) => cast.connections())),
      routes: casts.map((cast) => ({
        domain: cast.domain,
        nexthop: cast.withPorts(cast.dialogue.nexthop),
        parameters: cast.parameters(),
      })),
    })
    return new DialogueStage(casts, world)
  }

  /** @param at Index of the dialogue. */
  async play(at: number): Promise<{ readonly recorded: DialogueRun; readonly run: DialogueRun }> {
    const cast = this.#casts[at]!
    const { message, client_sent } = cast.dialogue
    const ids: string[] = []
    for (let number = 1; number <= message.count; number++) {
      const id = await this.#submit(cast.dialogue, number)
      ids.push(id)
      await this.#world.outcomes(id, message.recipients.length)
    }
    const expected = client_sent.map(({ groups }) => withoutReceived(groups.flat()))
    const recorded = { lines: recordedLines(cast.dialogue), sent: expected }
    // The last QUIT may still be on its way.
    const isSent = () => JSON.stringify(cast.sent()) === JSON.stringify(expected)
    for (let patience = 500; !isSent() && patience > 0; patience--) await sleep(20)
    return { recorded, run: { lines: this.#linesOf(cast, ids), sent: cast.sent() } }
  }

  #submit({ name, message }: Dialogue, number: number): Promise<string> {
    if (!canComeOverQmqp(message)) {
      return queueMessage(this.#world.queueDirectory, asQueued(name, message))
    }
    const recipients = message.recipients.map(unquoteAddress)
    const text = recordedText(name, message, number)
    return this.#world.submit(recipients, text, unquoteAddress(message.sender))
  }

  #linesOf(cast: Cast, ids: readonly string[]): string[] {
    const lines = this.#world.smtpLines().flatMap((line) => {
      const id = ids.find((one) => new RegExp(`^(warning: )?${one}: `).test(line))
      return id === undefined ? [] : [cast.masked(line).replace(id, 'QUEUEID')]
    })
    return comparable(lines)
  }

  /** What was logged without a queue id; and what was recorded like that. */
  get otherLines(): { readonly recorded: readonly string[]; readonly run: readonly string[] } {
    const plain = (line: string): string =>
      line
        .replace(/:(\d{4,5}|(CLOSED)?PORT\d?)\b/, ':PORT')
        // The relay has put one more header there.
        .replace(/(?<= lookup error for ")(From|Received): .*(?=")/, 'HEADER')
    const run = this.#world
      .smtpLines()
      .filter((line) => !/^(?:warning: )?[0-9A-Za-z]{10,}: /.test(line))
    const recorded = this.#casts.flatMap(({ dialogue }) =>
      smtpTexts(dialogue).filter((line) => !/^(?:warning: )?QUEUEID: /.test(line)),
    )
    return {
      recorded: recorded.map(plain).toSorted(),
      run: run.map(plain).toSorted(),
    }
  }

  async close(): Promise<void> {
    await this.#world.close()
    for (const { servers } of this.#casts) for (const server of servers) server?.close()
  }
}

function smtpTexts({ log_lines }: Dialogue): string[] {
  return log_lines.flatMap((line) => /^postfix\/smtp\[PID\]: (.*)$/s.exec(line)?.[1] ?? [])
}

function recordedLines(dialogue: Dialogue): string[] {
  const lines = smtpTexts(dialogue).filter((line) => /^(warning: )?QUEUEID: /.test(line))
  return comparable(lines.map((line) => line.replace(' tls=none,', '')))
}

// Where they were recorded, the logger cut lines.
const LINE_LIMIT = 1900

/** In any order; without sizes, which depend on the header of the relay. */
function comparable(lines: readonly string[]): string[] {
  return lines
    .map((line) => line.replace(/message size \d+/, 'message size N').slice(0, LINE_LIMIT))
    .toSorted()
}

/** Commands without sizes, which depend on it, and content without the header of the relay. */
function withoutReceived(lines: readonly string[]): string[] {
  const others: string[] = []
  let isOurs = false
  for (const line of lines) {
    isOurs = isOurs ? /^[ \t]/.test(line) : line.startsWith('Received: ')
    if (!isOurs) others.push(line.replace(/^(MAIL FROM:.*) SIZE=\d+/, '$1 SIZE=N'))
  }
  return others
}
