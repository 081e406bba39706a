import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScriptedServer, type ScriptStep } from './scripted-server.ts'
import type { Route } from './scripted-world.ts'

/** What was recorded of lmtp(8). */
export interface LmtpDialogue {
  readonly name: string
  readonly title: string
  readonly config: Readonly<Record<string, string>>
  readonly nexthop: string
  readonly message: {
    readonly count: number
    readonly recipients: readonly string[]
    readonly content: readonly string[]
  }
  readonly server_script: readonly (readonly (readonly ScriptStep[])[])[]
  readonly client_sent: readonly { readonly groups: readonly (readonly string[])[] }[]
  readonly log_lines: readonly string[]
}

/** What takes the part of the client. */
export interface LmtpSystem {
  readonly queueDirectory: string
  /** @returns the queue id. */
  submit(recipients: readonly string[], content: string): Promise<string>
  /** What its lmtp(8) has logged since the start, without time and tag. */
  lmtpLines(): string[]
  stop(): Promise<void>
}

// Nobody listens there.
const CLOSED_PORT = 1

const file = new URL(
  'vectors/lmtp-dialogues.json',
  import.meta.resolve('@posthouse/smtp-client/package.json'),
)
export const lmtpDialogues = JSON.parse(readFileSync(file, 'utf8')) as readonly LmtpDialogue[]

/** One dialogue and its server, if it has one: of a socket, when there is a queue directory. */
export class LmtpScene {
  readonly dialogue: LmtpDialogue
  #server: ScriptedServer | undefined

  private constructor(dialogue: LmtpDialogue, server: ScriptedServer | undefined) {
    this.dialogue = dialogue
    this.#server = server
  }

  static async open(dialogue: LmtpDialogue): Promise<LmtpScene> {
    const [script = []] = dialogue.server_script
    const hasPort = script.length > 0 && !dialogue.nexthop.startsWith('unix:')
    return new LmtpScene(dialogue, hasPort ? await ScriptedServer.listen(script) : undefined)
  }

  async openSocket(queueDirectory: string): Promise<void> {
    const [script = []] = this.dialogue.server_script
    const [, path] = /^unix:(.*)/.exec(this.dialogue.nexthop) ?? []
    if (path === undefined || script.length === 0) return
    this.#server = await ScriptedServer.listen(script, join(queueDirectory, path))
  }

  close(): void {
    this.#server?.close()
  }

  get route(): Route {
    const { name, nexthop, config } = this.dialogue
    const parameters = Object.entries(config).map(([key, value]) => [key, this.#withPorts(value)])
    return {
      domain: `${name}.test`,
      nexthop: this.#withPorts(nexthop),
      program: 'lmtp',
      parameters: Object.fromEntries(parameters),
    }
  }

  /** Has the system play its part. @returns what it logged about it, and sent, lines masked. */
  async play(system: LmtpSystem): Promise<{ lines: string[]; sent: string[][] }> {
    const { message, log_lines } = this.dialogue
    const before = system.lmtpLines().length
    const ids: string[] = []
    const since = () => system.lmtpLines().slice(before)
    const isAbout = (line: string) => ids.some((id) => line.startsWith(`${id}: to=<`))
    for (let run = 1; run <= message.count; run++) {
      const lines = message.content.map((line) => line.replace(/(?<=test |<)N/, String(run)))
      ids.push(await system.submit(message.recipients, lines.map((line) => `${line}\n`).join('')))
      await waitUntil(() => since().filter(isAbout).length >= run * message.recipients.length)
    }
    await waitUntil(() => since().length >= log_lines.length)
    const lines = since().map((line) => this.#masked(line, ids))
    // The last QUIT may still be on its way.
    const expected = this.dialogue.client_sent.map(({ groups }) => groups.flat().length)
    await waitUntil(() => this.#sent().every((lines, at) => lines.length >= (expected[at] ?? 0)))
    return { lines: lines.toSorted(), sent: this.#sent() }
  }

  /** The same, as it was recorded. */
  get recorded(): { lines: string[]; sent: string[][] } {
    const { log_lines, client_sent } = this.dialogue
    return {
      lines: log_lines.map((line) => line.replace(/^postfix\/lmtp\[PID\]: /, '')).toSorted(),
      sent: client_sent.map(({ groups }) => groups.flat()),
    }
  }

  #sent(): string[][] {
    return (this.#server?.received ?? []).map(withoutReceived)
  }

  #withPorts(text: string): string {
    const port = this.#server?.port ?? CLOSED_PORT
    return text.replaceAll('CLOSEDPORT', String(CLOSED_PORT)).replaceAll('PORT0', String(port))
  }

  #masked(line: string, ids: readonly string[]): string {
    const port = this.#server?.port
    return ids
      .reduce((text, id) => text.replaceAll(id, 'QUEUEID'), line)
      .replace(/ delay=.*?, delays=.*?,/, ' delay=D, delays=A/B/C/D,')
      .replaceAll(`:${port}`, ':PORT0')
      .replaceAll(/:1\b/g, ':CLOSEDPORT')
  }
}

/** Content without the headers of the system that it went through. */
function withoutReceived(lines: readonly string[]): string[] {
  let isHeader = false
  return lines.filter((line) => {
    isHeader = line.startsWith('Received: ') || (isHeader && /^[ \t]/.test(line))
    return !isHeader
  })
}

const PATIENCE_MS = 5000

/** Gives up in the end: what is missing shows in the comparison. */
async function waitUntil(isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!isSo() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
