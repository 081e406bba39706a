/** Where a name server listens. */
export interface NameServer {
  /** Numeric. */
  readonly address: string
  readonly port: number
}

/** What resolv.conf(5) says, as far as it matters here. */
export interface ResolvConf {
  /** At least one. */
  readonly servers: readonly NameServer[]
  /** Domains that short names are looked for in. */
  readonly search: readonly string[]
  /** A name with so many dots is tried as it is before `search`. */
  readonly ndots: number
  /** Wait for one server in the first round, in ms. */
  readonly timeoutMs: number
  /** Rounds through the servers. */
  readonly attempts: number
  /** Whether each question begins with another server. */
  readonly rotate: boolean
  /** Whether larger answers over UDP are asked for (RFC 6891). */
  readonly edns0: boolean
  /** Whether TCP is used at once. */
  readonly useTcp: boolean
  /** Whether the servers are trusted with the AD bit. */
  readonly trustAd: boolean
}

// The limits of glibc, see resolv.conf(5).
const MAX_SERVERS = 3
const MAX_TIMEOUT_SECONDS = 30
const MAX_ATTEMPTS = 5
const MAX_NDOTS = 15
const MAX_SEARCH = 6

const DEFAULTS: ResolvConf = {
  servers: [{ address: '127.0.0.1', port: 53 }],
  search: [],
  ndots: 1,
  timeoutMs: 5000,
  attempts: 2,
  rotate: false,
  edns0: false,
  useTcp: false,
  trustAd: false,
}

type Changes = { -readonly [Key in keyof ResolvConf]?: ResolvConf[Key] }

const FLAGS: ReadonlyMap<string, 'rotate' | 'edns0' | 'useTcp' | 'trustAd'> = new Map([
  ['rotate', 'rotate'],
  ['edns0', 'edns0'],
  ['use-vc', 'useTcp'],
  ['usevc', 'useTcp'],
  ['trust-ad', 'trustAd'],
])

/**
 * Reads resolv.conf(5). Unknown lines and options are passed over, as the system's resolver does.
 * A server may have a port, as in OpenBSD: `nameserver [127.0.0.1]:5353`.
 */
export function parseResolvConf(text: string): ResolvConf {
  const servers: NameServer[] = []
  const changes: Changes = {}
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    if (keyword === 'nameserver') {
      const server = parseServer(words[0] ?? '')
      if (server !== undefined && servers.length < MAX_SERVERS) servers.push(server)
    } else if (keyword === 'domain' || keyword === 'search') {
      const most = keyword === 'domain' ? 1 : MAX_SEARCH
      changes.search = words.slice(0, most).map((name) => name.replace(/\.$/, ''))
    } else if (keyword === 'options') {
      for (const word of words) readOption(word, changes)
    }
  }
  if (servers.length > 0) changes.servers = servers
  return { ...DEFAULTS, ...changes }
}

function parseServer(word: string): NameServer | undefined {
  const match = /^\[([^\]]+)\]:(\d{1,5})$/.exec(word)
  const [, address = word, port = '53'] = match ?? []
  return /^[0-9a-f.:]+(%\w+)?$/i.test(address) ? { address, port: Number(port) } : undefined
}

function readOption(word: string, changes: Changes): void {
  const flag = FLAGS.get(word)
  if (flag !== undefined) changes[flag] = true
  const [, name, digits] = /^(timeout|attempts|ndots):(\d+)$/.exec(word) ?? []
  const number = Number(digits)
  if (name === 'timeout') changes.timeoutMs = clamp(number, 1, MAX_TIMEOUT_SECONDS) * 1000
  else if (name === 'attempts') changes.attempts = clamp(number, 1, MAX_ATTEMPTS)
  else if (name === 'ndots') changes.ndots = clamp(number, 0, MAX_NDOTS)
}

function clamp(number: number, least: number, most: number): number {
  return Math.min(Math.max(number, least), most)
}
