import { unquoteAddress } from '@posthouse/mail-address'

import { envelopeIdProblem, notifyFlags, returnFlags } from './dsn-options.ts'

/** What MAIL gives a message. Addresses in internal form. */
export interface MailArguments {
  readonly sender: string
  readonly encoding: '7bit' | '8bit' | undefined
  /** RET: 1 FULL, 2 HDRS; 0: not requested. */
  readonly returnFlags: number
  /** ENVID, decoded. */
  readonly envelopeId: string
  /** SMTPUTF8 was asked for. */
  readonly isUtf8: boolean
}

/** What RCPT names. */
export interface RecipientArguments {
  readonly address: string
  /** NOTIFY as in F-39; 0: not requested. */
  readonly notify: number
  /** `type;address`, decoded: that of ORCPT, else the address as it was given. */
  readonly original: string
}

/** What of the mail system the arguments of commands depend on. */
export interface ArgumentOptions {
  /** `message_size_limit`; 0: none. */
  readonly maxMessageBytes: number
  readonly smtputf8: boolean
}

/** A command is refused with this reply. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

const ADDRESS = String.raw`<(?:"(?:[^"\\]|\\.)*"|[^">])*>|[^\s<>]+`
const PATHS = {
  FROM: new RegExp(`^FROM:\\s*(${ADDRESS})(?:\\s+(.*))?$`, 'is'),
  TO: new RegExp(`^TO:\\s*(${ADDRESS})(?:\\s+(.*))?$`, 'is'),
}
const SYNTAX = {
  FROM: '501 5.5.4 Syntax: MAIL FROM:<address>',
  TO: '501 5.5.4 Syntax: RCPT TO:<address>',
}
const BAD_ADDRESS = {
  FROM: '501 5.1.7 Bad sender address syntax',
  TO: '501 5.1.3 Bad recipient address syntax',
}
const ENCODINGS: Readonly<Record<string, '7bit' | '8bit'>> = { '7BIT': '7bit', '8BITMIME': '8bit' }
const SOURCE_ROUTE = /^@[^":]*:/
const QUOTED = /"(?:[^"\\]|\\.)*"/gs
const NOT_IN_ADDRESS = /[\x00-\x20()<>\x7f]/
const CONTROL = /[\x00-\x1f\x7f]/

/** The arguments of MAIL. @throws {RefusedError} */
export function parseMail(text: string, options: ArgumentOptions): MailArguments {
  const { external, parameters } = splitPath('FROM', text)
  const mail = {
    sender: unquoteAddress(external),
    encoding: undefined as MailArguments['encoding'],
    returnFlags: 0,
    envelopeId: '',
    isUtf8: false,
  }
  for (const parameter of parameters) {
    const [name, value] = splitParameter(parameter)
    if (name === 'SIZE') checkSize(value, options)
    else if (name === 'BODY' && ENCODINGS[value.toUpperCase()] !== undefined) {
      mail.encoding = ENCODINGS[value.toUpperCase()]
    } else if (name === 'RET') mail.returnFlags = returnOf(value)
    else if (name === 'ENVID') mail.envelopeId = envelopeIdOf(value)
    else if (parameter.toUpperCase() === 'SMTPUTF8' && options.smtputf8) mail.isUtf8 = true
    else if (name !== 'AUTH') throw unsupported(parameter)
  }
  return mail
}

/** The arguments of RCPT. @throws {RefusedError} */
export function parseRecipient(text: string): RecipientArguments {
  const { external, parameters } = splitPath('TO', text)
  if (external === '') throw new RefusedError(BAD_ADDRESS.TO)
  let notify = 0
  let original = `rfc822;${external}`
  for (const parameter of parameters) {
    const [name, value] = splitParameter(parameter)
    if (name === 'NOTIFY') {
      notify =
        notifyFlags(value.split(',')) ?? refuse('501 5.5.4 Error: Bad NOTIFY parameter syntax')
    } else if (name === 'ORCPT') {
      const [, type, address = ''] = /^([A-Za-z0-9-]+);(.+)$/.exec(value) ?? []
      const decoded = type && decodeXtext(address)
      if (!decoded) throw new RefusedError('501 5.5.4 Error: Bad ORCPT parameter syntax')
      original = `${type};${decoded}`
    } else throw unsupported(parameter)
  }
  return { address: unquoteAddress(external), notify, original }
}

function splitPath(
  keyword: 'FROM' | 'TO',
  text: string,
): { readonly external: string; readonly parameters: readonly string[] } {
  if (!new RegExp(`^${keyword}:\\s*\\S`, 'i').test(text)) throw new RefusedError(SYNTAX[keyword])
  const [, path = '', rest = ''] = PATHS[keyword].exec(text) ?? refuse(BAD_ADDRESS[keyword])
  const external = path.replace(/^<(.*)>$/s, '$1').replace(SOURCE_ROUTE, '')
  const isBad = NOT_IN_ADDRESS.test(external.replace(QUOTED, '')) || CONTROL.test(external)
  if (isBad) throw new RefusedError(BAD_ADDRESS[keyword])
  return { external, parameters: rest.split(/\s+/).filter((word) => word !== '') }
}

function splitParameter(parameter: string): readonly [name: string, value: string] {
  const at = parameter.indexOf('=')
  if (at < 0) return ['', parameter]
  return [parameter.slice(0, at).toUpperCase(), parameter.slice(at + 1)]
}

function checkSize(value: string, { maxMessageBytes }: ArgumentOptions): void {
  if (!/^\d+$/.test(value)) throw new RefusedError('501 5.5.4 Bad message size syntax')
  if (maxMessageBytes > 0 && Number(value) > maxMessageBytes) {
    throw new RefusedError('552 5.3.4 Message size exceeds fixed limit')
  }
}

function returnOf(value: string): number {
  return returnFlags(value) ?? refuse('501 5.5.4 Bad RET parameter syntax')
}

function envelopeIdOf(value: string): string {
  const id = decodeXtext(value)
  if (id === undefined || id === '' || envelopeIdProblem(id) !== undefined) {
    throw new RefusedError('501 5.5.4 Bad ENVID parameter syntax')
  }
  return id
}

/** RFC 3461 4; undefined if it is none. */
function decodeXtext(text: string): string | undefined {
  if (!/^(?:[^+=\s]|\+[0-9A-F]{2})*$/.test(text)) return undefined
  const decoded = text.replace(/\+([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return CONTROL.test(decoded) ? undefined : decoded
}

function unsupported(parameter: string): RefusedError {
  return new RefusedError(`555 5.5.4 Unsupported option: ${parameter}`)
}

function refuse(reply: string): never {
  throw new RefusedError(reply)
}
