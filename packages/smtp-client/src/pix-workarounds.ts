import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import { relayText } from './failure.ts'
import type { SmtpClientOptions } from './options.ts'

/** What is done for firewalls that get in the way of SMTP (C-50). */
export interface PixWorkarounds {
  /** HELO instead of EHLO. */
  readonly disableEsmtp: boolean
  /** A pause before the last dot, which comes in a segment of its own. */
  readonly delayDotCrlf: boolean
}

/** Where it is decided what to do. */
export interface PixContext {
  readonly options: SmtpClientOptions
  readonly clock: Clock
  readonly log: Logger
}

/** The message that is on its way. */
export interface PixTerms {
  readonly queueId: string
  /** Undefined: not known, so it counts as new. */
  readonly arrivalTimeMs: number | undefined
}

const NONE: PixWorkarounds = { disableEsmtp: false, delayDotCrlf: false }
const MASKED_GREETING = /^[20 *\t\n]*$/

/**
 * What the firewall before a server needs, if the greeting looks like one of a Cisco PIX (C-49):
 * it hides all characters but a few.
 *
 * @param greeting With its code.
 */
export async function pixWorkarounds(
  { options, clock, log }: PixContext,
  server: MailServer,
  { queueId, arrivalTimeMs }: PixTerms,
  greeting: string,
): Promise<PixWorkarounds> {
  if (!MASKED_GREETING.test(greeting)) return NONE
  const list = await listFor(options, server.address)
  if (list.length === 0) return NONE
  const wanted = new Set(list.map((name) => name.toLowerCase()))
  const now = clock.now()
  const isOld = now - (arrivalTimeMs ?? now) >= options.pixThresholdMs
  const disableEsmtp = wanted.has('disable_esmtp')
  const delayDotCrlf = wanted.has('delay_dotcrlf') && isOld
  const names = [disableEsmtp && 'disable_esmtp', delayDotCrlf && 'delay_dotcrlf'].filter(Boolean)
  const relay = relayText(server)
  const text = `enabling PIX workarounds: ${names.join(', ')} for ${relay}`
  log.info(`${queueId}: ${text}`, { queueId, relay })
  return { disableEsmtp, delayDotCrlf }
}

async function listFor(
  { pixWorkarounds: list, pixWorkaroundMaps: maps }: SmtpClientOptions,
  address: string,
): Promise<readonly string[]> {
  try {
    const found = await maps?.(address)
    return found === undefined ? list : found.split(/[\s,]+/).filter((name) => name !== '')
  } catch {
    return list // The table has said why.
  }
}
