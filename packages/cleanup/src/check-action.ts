import { findHeaderColon } from '@posthouse/mime-stream'

const NAMES = [
  'reject',
  'warn',
  'info',
  'discard',
  'hold',
  'redirect',
  'filter',
  'bcc',
  'prepend',
  'replace',
  'ignore',
  'strip',
  'pass',
] as const

/** What to do about a header or a piece of the body: a word of header_checks(5), its argument. */
export interface CheckAction {
  readonly name: (typeof NAMES)[number]
  readonly text: string
}

/** The argument of REJECT as a reply. */
export interface RejectReason {
  /** An enhanced status code, a blank, and text. */
  readonly text: string
  readonly status: 'cont' | 'defer'
  /** What is wrong with the argument. */
  readonly warning?: string
}

const WORDS = /^(\S*)\s*([\s\S]*)$/
const STATUS = /^([245])(\.\d{1,3}\.\d{1,3})(?:\s+([\s\S]*))?$/
const HEADER = 'need "headername: headervalue"'

/**
 * Reads the result of a lookup.
 *
 * @param map The parameter, for warnings.
 * @returns undefined for DUNNO and OK; a string, what is wrong, for what means nothing.
 */
export function parseCheckAction(
  result: string,
  map: string,
  where: 'header' | 'body',
): CheckAction | string | undefined {
  const [, word = '', text = ''] = WORDS.exec(result) ?? []
  const lower = word.toLowerCase()
  if (lower === 'dunno' || lower === 'ok') return undefined
  const name = NAMES.find((known) => known === lower)
  if (name === undefined) return `unknown command in ${map} map: ${result}`
  return problemOf({ name, text }, map, where) ?? { name, text }
}

/** What REJECT answers: 5.7.1 unless its argument has a status of its own. */
export function parseRejectReason(text: string): RejectReason {
  if (text === '') return { text: '5.7.1 message content rejected', status: 'cont' }
  const match = STATUS.exec(text)
  if (match === null) return { text: `5.7.1 ${text}`, status: 'cont' }
  const [, first, rest, reason = ''] = match
  if (first === '5') return { text: `5${rest} ${reason}`, status: 'cont' }
  const deferred = { text: `4${rest} ${reason}`, status: 'defer' } as const
  if (first === '4') return deferred
  return { ...deferred, warning: `bad DSN action in ${text} -- need 4.x.x or 5.x.x` }
}

function problemOf(
  { name, text }: CheckAction,
  map: string,
  where: 'header' | 'body',
): string | undefined {
  switch (name) {
    case 'redirect':
      if (text.includes('@')) return undefined
      return `bad REDIRECT target "${text}" in ${map} map -- need user@domain`
    case 'bcc':
      if (text.includes('@')) return undefined
      return `bad BCC address "${text}" in ${map} map -- need user@domain`
    case 'filter':
      if (text === '') return `missing FILTER command argument in ${map} map`
      if (text.includes(':')) return undefined
      return `bad FILTER command ${text} in ${map} -- need transport:destination`
    case 'prepend':
    case 'replace': {
      const word = name.toUpperCase()
      if (text === '') return `${word} action without text in ${map} map`
      if (where === 'body' || isHeader(text)) return undefined
      return `bad ${word} header text "${text}" in ${map} map -- ${HEADER}`
    }
    default:
      return undefined
  }
}

function isHeader(text: string): boolean {
  return findHeaderColon(Buffer.from(text), text.length) > 0
}
