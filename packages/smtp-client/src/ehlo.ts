/** What a server offers: the keywords of its EHLO reply that this client understands (C-54). */
export interface ServerFeatures {
  /** The name with which the server replied to EHLO; empty after HELO. */
  readonly name: string
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly dsn: boolean
  readonly smtputf8: boolean
  readonly starttls: boolean
  /** Counts only where it was said in TLS (RFC 8689 2). */
  readonly requireTls: boolean
  /** What came behind AUTH, a text for each line that differs from the first (C-68). */
  readonly auth: readonly string[]
  /** The attributes that XFORWARD may tell, upper case. */
  readonly xforward: readonly string[]
  readonly size: boolean
  /** Octets; 0 when the server announced no limit. */
  readonly sizeLimit: number
}

/** What a server offers that was greeted with HELO: nothing. */
export const NO_FEATURES: ServerFeatures = {
  name: '',
  pipelining: false,
  eightBitMime: false,
  dsn: false,
  smtputf8: false,
  starttls: false,
  requireTls: false,
  auth: [],
  xforward: [],
  size: false,
  sizeLimit: 0,
}

// In this order they are logged; `silent-discard` is an instruction, not a keyword.
const KEYWORDS =
  '8bitmime auth etrn pipelining size verp vrfy xclient xforward starttls enhancedstatuscodes'
    .concat(' dsn smtputf8 chunking requiretls')
    .split(' ')

/** Keywords to overlook (`smtp_discard_ehlo_keywords`), and what to log about it (C-56). */
export interface DiscardList {
  /** Upper case. */
  readonly keywords: ReadonlySet<string>
  /** `discarding EHLO keywords: …`, or undefined when there is nothing to log. */
  readonly logText: string | undefined
}

/** Prepares a discard list. Names are case-insensitive, unknown ones are ignored. */
export function discardList(names: readonly string[]): DiscardList {
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  const found = KEYWORDS.filter((name) => wanted.has(name)).map((name) => name.toUpperCase())
  const silent = wanted.has('silent-discard') || found.length === 0
  return {
    keywords: new Set(found),
    logText: silent ? undefined : `discarding EHLO keywords: ${found.join(', ')}`,
  }
}

// More than this says nothing that matters.
const MAX_AUTH_CHARACTERS = 2048

// The code with its separators, a word, and after SPACE, TAB or `=` its arguments.
const EHLO_LINE = /^[^ -]*[ -]+([^\s=]+)[\s=]*(.*)$/

/**
 * Reads the text of a 2xx EHLO reply.
 *
 * @param badSize Told the argument of a SIZE keyword that is no number.
 */
export function parseEhlo(
  text: string,
  discard: ReadonlySet<string>,
  badSize: (argument: string) => void,
): ServerFeatures {
  const features = { ...NO_FEATURES }
  for (const line of text.split('\n')) {
    const [, word, argument = ''] = EHLO_LINE.exec(line) ?? []
    if (word === undefined) continue
    // The first word is the server's name, even where it looks like a keyword.
    if (features.name === '') features.name = word
    else applyKeyword(features, word.toUpperCase(), argument, discard, badSize)
  }
  return features
}

function applyKeyword(
  features: { -readonly [Key in keyof ServerFeatures]: ServerFeatures[Key] },
  keyword: string,
  argument: string,
  discard: ReadonlySet<string>,
  badSize: (argument: string) => void,
): void {
  if (discard.has(keyword)) return
  switch (keyword) {
    case 'PIPELINING':
      features.pipelining = true
      break
    case '8BITMIME':
      features.eightBitMime = true
      break
    case 'DSN':
      features.dsn = true
      break
    case 'SMTPUTF8':
      features.smtputf8 = true
      break
    case 'STARTTLS':
      features.starttls = true
      break
    case 'REQUIRETLS':
      features.requireTls = true
      break
    case 'AUTH':
      if (isNewAuth(features.auth, argument)) features.auth = [...features.auth, argument]
      break
    case 'XFORWARD':
      features.xforward = [...features.xforward, ...argument.toUpperCase().split(/\s+/)]
      break
    case 'SIZE':
      features.size = true
      if (/^\d+$/.test(argument)) features.sizeLimit = Number(argument)
      else if (argument !== '') badSize(argument)
      break
  }
}

function isNewAuth(lines: readonly string[], argument: string): boolean {
  return argument !== lines[0] && lines.join(' ').length <= MAX_AUTH_CHARACTERS
}
