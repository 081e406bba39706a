import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, TLSSocket } from 'node:tls'

import { systemClock } from '@posthouse/clock'
import { unquoteAddress } from '@posthouse/mail-address'
import { memoryLogger } from '@posthouse/mail-log'
import {
  MX_LOOKUP_DEFAULTS,
  MxLookup,
  type MxLookupOptions,
  TlsaLookup,
} from '@posthouse/mx-lookup'
import { expect, it } from 'vitest'
import { options as defaults } from '../test/options.ts'
import { saslOptions } from '../test/sasl-settings.ts'
import { tableOptions } from '../test/table-settings.ts'
import { pem, tlsOptions } from '../test/tls-settings.ts'
import { type Zone, ZoneResolver } from '../test/zone-resolver.ts'

import {
  type MessageOrigin,
  type SessionCache,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpDelivery,
  type SmtpSession,
} from './index.ts'

// Not in vectors/dialogues.json: loop-bestmx-transport, for which a queue manager is needed.

type ScriptStep = readonly (string | number | { readonly max_version?: 'TLSv1.2' })[]

interface Dialogue {
  readonly name: string
  readonly title: string
  readonly config: Readonly<Record<string, string>>
  readonly nexthop: string
  readonly dns?: Zone
  readonly connect?: Readonly<Record<string, string>>
  readonly message: {
    readonly origin: string
    readonly count: number
    readonly sender: string
    readonly recipients: readonly string[]
    /** Its lines, or what it is like; a probe has none. */
    readonly content?: readonly string[] | string
    readonly client?: string
    readonly mail_parameters?: string
    readonly rcpt_parameters?: Readonly<Record<string, string>>
    readonly recipient_alias?: Readonly<Record<string, string>>
    readonly second_attempt_after_seconds?: number
  }
  readonly server_script: readonly (readonly (readonly ScriptStep[])[])[]
  readonly client_sent: readonly {
    readonly server: number
    readonly connection: number
    readonly groups: readonly (readonly string[])[]
  }[]
  readonly log_lines: readonly string[]
  /** What later versions log as `tls=`, if that is known; of several messages, each. */
  readonly tls_field_3_12?: string | readonly string[]
  readonly postmaster_notice?: readonly (readonly string[])[]
  readonly outcome: {
    readonly recipients: readonly {
      readonly relay: string
      readonly dsn: string
      readonly status: string
      readonly text: string
      readonly conn_use?: number
    }[]
    readonly destination_throttled?: boolean
  }
}

const TLS_HANDSHAKE = 0x16

// Recorded with seconds; a second is this long here.
const SECOND_MS = 60

// The recorded texts come from log lines, which were cut.
const LOGGED_CHARACTERS = 1800

class ScriptedConnection {
  readonly groups: string[][] = []
  readonly done: Promise<void>
  #socket: Socket
  readonly #octets: boolean
  #lines: string[] = []
  #rest = ''
  #bytes = 0
  #sent = ''
  #answered = true // The next chunk begins a new group.
  #ended = false
  #hello = false
  #wake: () => void = () => undefined

  constructor(socket: Socket, steps: readonly ScriptStep[]) {
    this.#socket = socket
    this.#octets = steps.some(([kind]) => kind === 'read-octets')
    if (steps[0]?.[0] !== 'tls-accept') this.#listen(socket)
    this.done = this.#play(steps)
  }

  #listen(socket: Socket): void {
    socket.on('error', () => undefined)
    socket.on('data', this.#onData)
    socket.on('close', this.#onEnd)
    socket.on('end', this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => this.#receive(chunk)
  readonly #onEnd = (): void => this.#end()

  async #acceptTls(name: string, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<void> {
    const raw = this.#socket
    raw.off('data', this.#onData).off('close', this.#onEnd).off('end', this.#onEnd)
    const certificate = { cert: pem(`${name}.pem`), key: pem(`${name}.key`) }
    const secureContext = createSecureContext({ ...certificate, maxVersion })
    const socket = new TLSSocket(raw, { isServer: true, secureContext })
    this.#socket = socket
    const secured = await new Promise<boolean>((resolve) => {
      socket.on('secure', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('close', () => resolve(false))
    })
    const sni = 'servername' in socket && socket.servername ? socket.servername : 'none'
    const text = secured ? `handshake ${socket.getProtocol()}, SNI ${sni}` : 'handshake failed'
    this.groups.push([`<TLS ${text}>`])
    if (secured) this.#listen(socket)
    else this.#end()
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }

  #receive(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#octets && this.groups.length === 3) {
      this.#wake()
      return
    }
    if (chunk[0] === TLS_HANDSHAKE) {
      this.groups.push(['<TLS ClientHello>'])
      this.#hello = true
      this.#wake()
      return
    }
    this.#rest += chunk.toString('latin1')
    const lines = this.#rest.split('\r\n')
    this.#rest = lines.pop()!
    const text = lines.map((line) => Buffer.from(line, 'latin1').toString())
    // A dot that comes alone was held back (C-51): all else of a message is one piece.
    if (this.#answered || lines.join() === '.') this.groups.push(text)
    else this.groups.at(-1)!.push(...text)
    this.#answered = false
    this.#lines.push(...text)
    this.#wake()
  }

  async #until(ready: () => boolean): Promise<boolean> {
    while (!ready() && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return ready()
  }

  async #play(steps: readonly ScriptStep[]): Promise<void> {
    for (const [kind, ...rest] of steps) await this.#step(String(kind), rest)
    this.#socket.destroySoon()
  }

  async #step(kind: string, rest: ScriptStep): Promise<void> {
    switch (kind) {
      case 'tls-accept': {
        const [name, options] = rest
        const limits = typeof options === 'object' ? options : {}
        await this.#acceptTls(String(name), limits.max_version ?? 'TLSv1.3')
        break
      }
      case 'send':
        this.#send(`${rest.join('\r\n')}\r\n`)
        break
      case 'send-raw':
        // What comes before its ClientHello the client has read in plaintext, and forgets (C-64).
        if (String(rest[0]).includes('not TLS')) await this.#until(() => this.#hello)
        this.#send(String(rest[0]))
        break
      case 'expect':
        await this.#until(() => this.#lines.length > 0)
        if (!this.#ended) expect(this.#lines[0]).toMatch(new RegExp(`^${rest[0]}`))
        this.#lines.shift()
        break
      case 'expect-message':
        await this.#until(() => this.#lines.includes('.'))
        this.#lines.splice(0, this.#lines.indexOf('.') + 1)
        break
      case 'read-octets':
        this.#bytes = 0
        await this.#until(() => this.#bytes >= Number(rest[0]))
        this.#socket.pause()
        break
      case 'wait-seconds':
        if (this.#sent.startsWith('354')) this.#socket.pause()
        // A socket of Node takes a first stall of a write for progress.
        await sleep(Number(rest[0]) * SECOND_MS * (this.#sent.startsWith('354') ? 6 : 1))
        break
      case 'close':
        this.#socket.destroySoon()
        break
      case 'reset':
        this.#socket.resetAndDestroy()
        break
      case 'wait-close':
        await this.#until(() => this.#ended)
        break
      default:
        throw new Error(`unknown step ${kind}`)
    }
  }

  #send(text: string): void {
    this.#answered = true
    this.#sent = text
    if (!this.#ended) this.#socket.write(text, 'latin1')
  }
}

/** @returns the port; 0 of a socket at `path`. */
async function listen(server: Server, path?: string): Promise<number> {
  const place = path === undefined ? { port: 0, host: '127.0.0.1' } : { path }
  await new Promise<void>((resolve) => server.listen(place, resolve))
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

async function unusedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Last in, first out, for ever: expiry is the business of connection-cache. */
class PlainCache implements SessionCache {
  readonly #sessions: { labels: readonly string[]; session: SmtpSession; close: () => void }[] = []

  store(
    labels: readonly string[],
    session: SmtpSession,
    _: number,
    close: (s: SmtpSession) => void,
  ) {
    this.#sessions.push({ labels, session, close: () => close(session) })
  }

  take(label: string): SmtpSession | undefined {
    const at = this.#sessions.findLastIndex(({ labels }) => labels.includes(label))
    return at < 0 ? undefined : this.#sessions.splice(at, 1)[0]?.session
  }

  closeAll(): void {
    for (const { close } of this.#sessions.splice(0)) close()
  }
}

class Stage {
  readonly connections: (ScriptedConnection | undefined)[][] = []
  readonly ports: number[] = []
  readonly #servers: Server[] = []
  readonly #dialogue: Dialogue
  /** For sockets. */
  readonly directory = mkdtempSync(join(tmpdir(), 'dialogue-'))
  closedPort = 0

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue
  }

  async open(): Promise<void> {
    this.closedPort = await unusedPort()
    for (const [index, script] of this.#dialogue.server_script.entries()) {
      const connections: ScriptedConnection[] = []
      this.connections[index] = connections
      const server = createServer({ noDelay: true }, (socket) => {
        connections.push(new ScriptedConnection(socket, script[connections.length] ?? [['close']]))
      })
      this.#servers.push(server)
      const [, path] = /^unix:(.*)/.exec(this.#dialogue.nexthop) ?? []
      const place = path && join(this.directory, path)
      if (place !== undefined) mkdirSync(dirname(place), { recursive: true })
      this.ports.push(script.length > 0 ? await listen(server, place) : this.closedPort)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.flat().map((connection) => connection?.done))
    for (const server of this.#servers) server.close()
    rmSync(this.directory, { recursive: true })
  }

  withPorts(text: string): string {
    return text.replace(/PORT(\d)|CLOSEDPORT/g, (word, index) =>
      String(word === 'CLOSEDPORT' ? this.closedPort : (this.ports[index] ?? this.closedPort)),
    )
  }

  masked(text: string): string {
    let masked = text
    for (const [index, port] of this.ports.entries()) {
      if (port === this.closedPort) continue
      masked = masked.replaceAll(`:${port}`, `:PORT${index}`).replace(`_${port}.`, `_PORT${index}.`)
    }
    const { nexthop, config } = this.#dialogue
    const isNamed = `${nexthop} ${config['lmtp_fallback_relay']}`.includes('CLOSEDPORT')
    const closed = isNamed ? 'CLOSEDPORT' : 'PORT0'
    return masked.replaceAll(`:${this.closedPort}`, `:${closed}`)
  }

  connect(address: string, port: number): Socket {
    if (port === 0) return connect(address)
    const mapped = this.#dialogue.connect?.[`${address}:${port}`]
    if (mapped !== undefined) port = this.ports[Number(mapped.replace('server ', ''))]!
    else if (port < 1024) port = this.closedPort
    return connect({ host: '127.0.0.1', port })
  }
}

interface Settings {
  client: SmtpClientOptions
  lookup: MxLookupOptions
}

/** Of the LMTP client, under the names of the SMTP client. */
const LMTP_DEFAULTS = { smtp_skip_quit_response: 'no' }

function parametersOf({ name, config }: Dialogue): Dialogue['config'] {
  if (!isLmtp(name)) return config
  const entries = Object.entries(config).map(([name, value]) => [
    name
      .replace('lmtp_', 'smtp_')
      .replace('_discard_lhlo', '_discard_ehlo')
      .replace('lhlo', 'helo'),
    value,
  ])
  // A relayhost is for SMTP.
  return { ...LMTP_DEFAULTS, ...Object.fromEntries(entries), relayhost: '' }
}

function isLmtp(name: string): boolean {
  return name.startsWith('lmtp-')
}

function defaultSettings(): Settings {
  return {
    client: {
      ...defaults,
      myhostname: 'mta.client.test',
      heloName: 'mta.client.test',
      knownTcpPorts: new Map([...defaults.knownTcpPorts, ['submission', 587]]),
    },
    lookup: {
      ...MX_LOOKUP_DEFAULTS,
      protocols: ['ipv4'],
      randomizeAddresses: false,
      ownAddresses: ['127.0.0.1'],
    },
  }
}

const TIMEOUTS: Readonly<Record<string, keyof SmtpClientOptions>> = {
  smtp_helo_timeout: 'heloTimeoutMs',
  smtp_mail_timeout: 'mailTimeoutMs',
  smtp_rcpt_timeout: 'rcptTimeoutMs',
  smtp_data_init_timeout: 'dataInitTimeoutMs',
  smtp_data_done_timeout: 'dataDoneTimeoutMs',
  smtp_data_xfer_timeout: 'dataXferTimeoutMs',
  smtp_quit_timeout: 'quitTimeoutMs',
  smtp_connection_cache_time_limit: 'cacheTimeLimitMs',
  smtp_connection_reuse_time_limit: 'reuseTimeLimitMs',
  smtp_pix_workaround_threshold_time: 'pixThresholdMs',
  smtp_pix_workaround_delay_time: 'pixDelayMs',
  smtp_mx_address_limit: 'mxAddressLimit',
  smtp_mx_session_limit: 'mxSessionLimit',
  smtp_line_length_limit: 'contentLineLimit',
  smtp_connection_reuse_count_limit: 'reuseCountLimit',
}

function settings(config: Dialogue['config'], stage: Stage): Settings {
  let { client, lookup } = defaultSettings()
  for (const [name, value] of Object.entries(config)) {
    const yes = value === 'yes'
    // In test/: TLS, logins, tables.
    if (/tls|sasl|sender_dependent|dummy|^minimal/.test(name)) continue
    if (/_maps$|_filter$|_checks$|^recipient_delimiter|^propagate/.test(name)) continue
    const number = TIMEOUTS[name]
    if (number !== undefined) {
      const scale = value.endsWith('s') ? SECOND_MS : 1
      client = { ...client, [number]: Number.parseInt(value, 10) * scale }
      continue
    }
    const change: Record<string, () => void> = {
      smtp_fallback_relay: () => {
        client = { ...client, fallbackRelay: [stage.withPorts(value)] }
      },
      smtp_connection_cache_destinations: () => {
        client = { ...client, cacheDestination: (domain) => domain === value }
      },
      smtp_discard_ehlo_keywords: () => {
        client = { ...client, discardEhloKeywords: value.split(/[, ]+/) }
      },
      notify_classes: () => {
        client = { ...client, notifyClasses: new Set(['protocol'] as const) }
      },
      smtp_skip_5xx_greeting: () => {
        client = { ...client, skip5xxGreeting: yes }
      },
      smtp_always_send_ehlo: () => {
        client = { ...client, sendEhlo: 'when-announced' }
      },
      smtp_never_send_ehlo: () => {
        client = { ...client, sendEhlo: 'never' }
      },
      soft_bounce: () => {
        client = { ...client, softBounce: yes }
      },
      smtp_helo_name: () => {
        client = { ...client, heloName: value }
      },
      smtp_address_verify_target: () => {
        client = { ...client, addressVerifyTarget: value === 'data' ? 'data' : 'rcpt' }
      },
      smtp_skip_quit_response: () => {
        client = { ...client, skipQuitResponse: yes }
      },
      disable_mime_output_conversion: () => {
        client = { ...client, disableMimeOutputConversion: yes }
      },
      mime_nesting_limit: () => {
        client = {
          ...client,
          mimeLimits: { ...client.mimeLimits, mimeNestingLimit: Number(value) },
        }
      },
      smtp_per_request_deadline: () => {
        client = { ...client, minDataRate: yes ? 500 : undefined }
      },
      smtp_pix_workarounds: () => {
        client = { ...client, pixWorkarounds: value.split(/[, ]+/).filter((name) => name !== '') }
      },
      smtp_send_xforward_command: () => {
        client = { ...client, sendXforward: yes }
      },
      smtp_quote_rfc821_envelope: () => {
        client = { ...client, quoteEnvelope: yes }
      },
      relayhost: () => {
        client = { ...client, relayhost: stage.withPorts(value) }
      },
      ignore_mx_lookup_error: () => {
        lookup = { ...lookup, ignoreMxLookupError: yes }
      },
      smtp_defer_if_no_mx_address_found: () => {
        lookup = { ...lookup, deferIfNoMxAddressFound: yes }
      },
      proxy_interfaces: () => {
        lookup = { ...lookup, ownAddresses: ['127.0.0.1', value] }
      },
      smtp_cname_overrides_servername: () => {
        lookup = { ...lookup, cnameOverridesServername: yes }
      },
      use_srv_lookup: () => {
        lookup = { ...lookup, useSrvLookup: [value] }
      },
      smtp_dns_support_level: () => {
        lookup = { ...lookup, dnssec: value === 'dnssec' }
      },
      smtp_randomize_addresses: () => undefined,
    }
    change[name]!()
  }
  return { client, lookup }
}

const NOTIFY: Readonly<Record<string, number>> = { NEVER: 1, SUCCESS: 2, FAILURE: 4, DELAY: 8 }

function parameter(text: string | undefined, name: string): string | undefined {
  return text
    ?.split(' ')
    .find((word) => word.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

function unquotedPath(command: string): string {
  return unquoteAddress(/^[A-Z ]+:<(.*?)>( |$)/.exec(command)?.[1] ?? '')
}

function decodeXtext(text: string | undefined): string | undefined {
  return text?.replace(/\+([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function contentLines(dialogue: Dialogue, run: number): string[] {
  const { content = [] } = dialogue.message
  if (typeof content !== 'string') {
    return content.map((line) => line.replace(/^(Subject: test |Message-ID: <)N/, `$1${run}`))
  }
  const lines = Number(/then (\d+) lines/.exec(content)![1])
  const header = ['From: a', 'To: b', 'Subject: c', 'Message-ID: d', 'Date: e', '']
  return [...header, ...new Array<string>(lines).fill('z'.repeat(76))]
}

function isProbe({ message: { origin } }: Dialogue): boolean {
  return origin === 'address verification probe'
}

/** What the queue manager makes of an outcome. */
function ofProbe(kind: string): string {
  return kind === 'sent' ? 'deliverable' : 'undeliverable'
}

function request(dialogue: Dialogue, stage: Stage, run: number): SmtpDelivery {
  const { sender, recipients, mail_parameters, rcpt_parameters, recipient_alias } = dialogue.message
  const lines = contentLines(dialogue, run)
  const content = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const recorded = /SIZE=(\d+)/.exec(JSON.stringify(dialogue.client_sent))?.[1]
  const smtputf8 = mail_parameters?.includes('SMTPUTF8') ?? false
  const utf8Header = smtputf8 && /[^\0-\x7f]/.test(lines.slice(0, lines.indexOf('')).join(''))
  const tlsOptional = lines.includes('TLS-Required: no')
  // The queue manager's order is not the order of submission.
  const order = JSON.stringify(
    dialogue.client_sent.flatMap(({ groups }) => groups.flat().map(unquotedPath)),
  )
  const at = (address: string) =>
    (order.indexOf(JSON.stringify(address)) + order.length) % order.length
  const sorted = recipients.toSorted((a, b) => at(unquoteAddress(a)) - at(unquoteAddress(b)))
  return {
    queueId: 'QUEUEID',
    nexthop: stage.withPorts(dialogue.nexthop),
    sender: unquoteAddress(sender.replace(/^<|>$/g, '')),
    recipients: sorted.map((recipient) => {
      const address = unquoteAddress(recipient)
      const parameters = rcpt_parameters?.[recipient]
      const notify = parameter(parameters, 'NOTIFY')?.split(',') ?? []
      return {
        address: recipient_alias?.[address] ?? address,
        original: address,
        // smtpd(8) keeps the command's own notation, where that is none that we would choose.
        dsnOriginal:
          decodeXtext(parameter(parameters, 'ORCPT')) ??
          (address.includes('..') ? `rfc822;${recipient}` : undefined),
        notify: notify.reduce((sum, word) => sum + NOTIFY[word]!, 0),
      }
    }),
    contentSize: recorded === undefined ? content.length + lines.length : Number(recorded),
    encoding: mail_parameters?.includes('BODY=8BITMIME') ? '8bit' : '',
    sendOptions: (smtputf8 ? 1 : 0) + (utf8Header ? 2 : 0) + (tlsOptional ? 16 : 0),
    origin: () => originOf(dialogue),
    envelopeId: decodeXtext(parameter(mail_parameters, 'ENVID')),
    isProbe: isProbe(dialogue),
    returnContent: mail_parameters?.includes('RET=')
      ? mail_parameters.includes('RET=FULL')
        ? 'full'
        : 'headers'
      : undefined,
    content: () => [content],
    // What the queue manager says of the second and later messages of a series (C-113).
    reuse: { load: run > 1, store: run > 1 },
  }
}

/** As smtpd(8) had it: the HELO name was not what the test had asked for. */
function originOf({ message: { client } }: Dialogue): MessageOrigin {
  return {
    name: parameter(client, 'NAME') ?? '',
    address: parameter(client, 'ADDR') ?? '',
    port: parameter(client, 'PORT') ?? '',
    protocol: parameter(client, 'PROTO') ?? '',
    helo: 'spike.example',
    ident: 'QUEUEID',
    isLocal: true,
  }
}

function recordedText(dialogue: Dialogue, index: number): string {
  // The log has the later version's text where the versions differ.
  const { status, text } = dialogue.outcome.recipients[index]!
  const line = dialogue.log_lines.filter((entry) => entry.includes('QUEUEID: to=<'))[index] ?? ''
  const start = line.indexOf(` status=${status} (`)
  const logged = start < 0 ? text : line.slice(line.indexOf('(', start) + 1, -1)
  return logged.length >= text.length ? logged : text
}

/**
 * Our difference from what was recorded: where PIPELINING is in effect, the RSET that asks whether
 * a session is still good travels with the commands behind it. Postfix waits for its reply, so if
 * that is a refusal, the record has those commands in the next connection only.
 */
function withGroupedReset(
  recorded: readonly (readonly string[])[],
  next: readonly (readonly string[])[] = [],
): readonly (readonly string[])[] {
  const isPipelined = (group: readonly string[]) =>
    group[0]?.startsWith('MAIL FROM') === true && group.length > 1
  const groups: (readonly string[])[] = []
  for (const [at, group] of recorded.entries()) {
    const isReset = groups.at(-1)?.join() === 'RSET'
    if (isReset && isPipelined(group)) groups.push([...groups.pop()!, ...group])
    else groups.push(group)
    const refused = at === recorded.length - 1 && group.join() === 'RSET'
    if (refused) groups.push([...groups.pop()!, ...(next.find(isPipelined) ?? [])])
  }
  return groups
}

function transcriptOf(notice: readonly string[]): string[] {
  return notice.filter((line) => /^ (Out|In): /.test(line)).map((line) => line.slice(1))
}

/** What C-178 exempts, and digests of keys that were made for the recordings. */
function withoutDetails(line: string): string {
  return line
    .replace(/(?<= with cipher ).*$/, 'CIPHER (N/N bits) ...')
    .replace(/(?<=TLS library problem: ).*$/, '...')
    .replace(/(?<= \d \d \d )[0-9A-F]{64}$/, 'DIGEST')
}

const dialogues = ['dialogues.json', 'lmtp-dialogues.json'].flatMap((name) => {
  const file = new URL(`../vectors/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Dialogue[]
})

it.concurrent.each(dialogues)('C-178 $name: $title', async (dialogue) => {
  const stage = new Stage(dialogue)
  await stage.open()
  const parameters = parametersOf(dialogue)
  const { client: clientOptions, lookup: lookupOptions } = settings(parameters, stage)
  const lmtp = isLmtp(dialogue.name) ? { socketDirectory: stage.directory } : undefined
  const { logger: log, lines } = memoryLogger()
  const tls = tlsOptions(dialogue.config, (text) => stage.withPorts(text), SECOND_MS, log)
  const sasl = saslOptions(dialogue.config, (text) => stage.withPorts(text), log)
  const clock = systemClock
  const zone: Zone = JSON.parse(stage.withPorts(JSON.stringify(dialogue.dns ?? {})))
  const resolver = new ZoneResolver(zone)
  const tlsa = new TlsaLookup(resolver, { ...lookupOptions, forceInsecureHosts: false }, log)
  const mx = new MxLookup(lookupOptions, { resolver, random: () => 0, log })
  const cache = new PlainCache()
  const client = new SmtpClient(
    { ...clientOptions, ...tableOptions(dialogue.config, log), lmtp, tls, sasl },
    {
      lookup: (nexthop) => mx.lookup(nexthop),
      tlsa: (server) => tlsa.lookup(server),
      cache,
      clock,
      log,
      connect: (address, port) => stage.connect(address, port),
    },
  )

  const reports = []
  for (let run = 1; run <= dialogue.message.count; run++) {
    reports.push(await client.deliver(request(dialogue, stage, run)))
  }
  const { second_attempt_after_seconds: later } = dialogue.message
  if (later !== undefined) {
    const waitedMs = later * SECOND_MS
    reports.push(await client.deliver({ ...request(dialogue, stage, 1), waitedMs }))
  }
  cache.closeAll()
  await stage.close()

  const outcomes = reports.flatMap((report) => report.outcomes)
  const shown = outcomes.map((outcome) => ({
    status: isProbe(dialogue) ? ofProbe(outcome.kind) : outcome.kind,
    dsn: outcome.status,
    relay: stage.masked(outcome.relay),
    text: stage.masked(outcome.text).slice(0, LOGGED_CHARACTERS),
    conn_use: outcome.connUse,
  }))
  const expected = dialogue.outcome.recipients.map((recipient, index) => {
    // With soft_bounce the queue manager makes a deferral of it (C-91).
    const soft = recipient.status === 'SOFTBOUNCE'
    return {
      status: soft ? 'bounced' : recipient.status,
      dsn: soft ? `5${recipient.dsn.slice(1)}` : recipient.dsn,
      relay: recipient.relay,
      // C-71: we show the server's challenge, where Postfix shows our password.
      text: recordedText(dialogue, index)
        .slice(0, LOGGED_CHARACTERS)
        .replace(/(?<=non-empty initial PLAIN challenge .*: )AHVz.*/, 'Zm9v'),
      conn_use: recipient.conn_use,
    }
  })
  const order = (entries: readonly object[]) =>
    entries.map((entry) => JSON.stringify(entry)).toSorted()
  expect(order(shown)).toEqual(order(expected))

  for (const { server, connection, groups: recorded } of dialogue.client_sent) {
    const groups = withGroupedReset(recorded, dialogue.client_sent[connection + 1]?.groups)
    const sent = stage.connections[server]?.[connection]?.groups ?? []
    // A server that reads no further does not see lines.
    const unread = typeof dialogue.message.content === 'string'
    expect(unread ? sent.slice(0, 2) : sent).toEqual(unread ? groups.slice(0, 2) : groups)
  }
  const transcripts = reports.flatMap(({ notices = [] }) => notices.map((one) => one.transcript))
  expect(transcripts).toEqual((dialogue.postmaster_notice ?? []).map(transcriptOf))
  if (!isLmtp(dialogue.name)) {
    const features = new Set(outcomes.map(({ tls: feature }) => feature))
    expect([...features]).toEqual([dialogue.tls_field_3_12].flat())
  }
  const opened = stage.connections.flat().length
  expect(opened).toBe(dialogue.client_sent.length)
  if (dialogue.outcome.destination_throttled !== undefined) {
    const counted = later === undefined ? reports : reports.slice(1)
    const blamed = counted.some(({ blame }) => blame !== undefined)
    expect(blamed).toBe(dialogue.outcome.destination_throttled)
  }
  const other = dialogue.log_lines
    .filter((line) => /^postfix\/[sl]mtp\[/.test(line) && !line.includes('QUEUEID: to=<'))
    .map((line) => line.replace(/^postfix\/\w+\[PID\]: /, ''))
  expect(lines.map((line) => withoutDetails(stage.masked(line))).toSorted()).toEqual(
    other.map(withoutDetails).toSorted(),
  )
})
