import { encodeAddress, isAscii, quoteAddress } from '@posthouse/mail-address'

import { encodeXtext, rcptParameters } from './dsn-parameters.ts'
import type { ServerFeatures } from './ehlo.ts'
import {
  SMTPUTF8_CONTENT,
  SMTPUTF8_REQUESTED,
  type SmtpDelivery,
  type SmtpRecipient,
} from './request.ts'

/** The parameters that decide how commands look. */
export interface CommandOptions {
  readonly quoteEnvelope: boolean
  readonly disableMimeOutputConversion: boolean
}

// Addresses with none of these need no closer look.
const BREAKER = /[\r\n\0<>]/
// What would end a command line early, and let an address bring commands of its own.
const LINE_BREAKER = /[\r\n\0]/
// Outside quotes, what would end the path early, and let an address bring parameters of its own.
const PATH_BREAKER = /[<>]/

/** Whether an address can be part of a command at all, and be read there as what it is. */
export function fitsCommand(address: string, { quoteEnvelope }: CommandOptions): boolean {
  if (!BREAKER.test(address)) return true
  if (LINE_BREAKER.test(address)) return false
  const at = quoteEnvelope ? address.lastIndexOf('@') : 0
  // Quotes enclose the local part only (C-174).
  return at < 0 || !PATH_BREAKER.test(address.slice(at))
}

/** Whether content for this server would have to be converted to 7 bits (C-164). */
export function needsConversion(
  { encoding }: SmtpDelivery,
  features: ServerFeatures,
  options: CommandOptions,
): boolean {
  return !features.eightBitMime && encoding !== '7bit' && !options.disableMimeOutputConversion
}

/** Whether only a server with SMTPUTF8 may have the message (C-169). */
export function needsSmtputf8({ sendOptions, sender, recipients }: SmtpDelivery): boolean {
  if ((sendOptions & SMTPUTF8_REQUESTED) === 0) return false
  if ((sendOptions & SMTPUTF8_CONTENT) !== 0 || !isAscii(sender)) return true
  return recipients.some(({ address }) => !isAscii(address))
}

/**
 * `MAIL FROM:<…>` and its parameters, without CRLF, one octet per character (C-78).
 *
 * @param needsRequireTls the sender has asked for REQUIRETLS, which is not overlooked.
 */
export function mailCommand(
  delivery: SmtpDelivery,
  features: ServerFeatures,
  options: CommandOptions,
  needsRequireTls: boolean,
): string {
  const { sender, encoding, envelopeId, contentSize, sendOptions } = delivery
  let command = `MAIL FROM:<${path(sender, options)}>`
  if (features.size && contentSize !== undefined && !needsConversion(delivery, features, options)) {
    command += ` SIZE=${contentSize}`
  }
  if (features.eightBitMime && encoding !== '') {
    command += encoding === '8bit' ? ' BODY=8BITMIME' : ' BODY=7BIT'
  }
  if (features.dsn && envelopeId !== undefined) command += ` ENVID=${encodeXtext(envelopeId)}`
  // What may go on without TLS must not come back that way as a whole.
  const isExposed = needsRequireTls && !features.requireTls
  const returnContent = isExposed ? 'headers' : delivery.returnContent
  if (features.dsn && returnContent !== undefined) {
    command += returnContent === 'full' ? ' RET=FULL' : ' RET=HDRS'
  }
  if (features.smtputf8 && sendOptions & SMTPUTF8_REQUESTED) command += ' SMTPUTF8'
  return needsRequireTls && features.requireTls ? `${command} REQUIRETLS` : command
}

/** `RCPT TO:<…>` and its parameters, without CRLF, one octet per character (C-79). */
export function rcptCommand(
  recipient: SmtpRecipient,
  { sendOptions }: SmtpDelivery,
  features: ServerFeatures,
  options: CommandOptions,
): string {
  const command = `RCPT TO:<${path(recipient.address, options)}>`
  if (!features.dsn) return command
  return command + rcptParameters(recipient, (sendOptions & SMTPUTF8_REQUESTED) !== 0)
}

function path(address: string, { quoteEnvelope }: CommandOptions): string {
  const external = quoteEnvelope ? quoteAddress(address) : address
  return isAscii(external) ? external : encodeAddress(external).toString('latin1')
}
