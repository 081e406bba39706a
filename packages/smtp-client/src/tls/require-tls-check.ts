import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import { type Failure, hostText, oneLine } from '../failure.ts'
import type { SmtpReply } from '../reply.ts'
import type { PeerVerdict } from './peer-verdict.ts'
import { UNKNOWN_TLS } from './tls-feature.ts'
import { matchesCertificate, type TlsLevel } from './tls-level.ts'

/**
 * What becomes of mail that asks for REQUIRETLS (C-159): it is sent as asked or not at all; over
 * TLS if nothing more can be had; however the TLS level has it; as if it had not asked.
 */
export type RequireTlsAction = 'enforce' | 'opportunistic+starttls' | 'opportunistic' | 'disable'

/** What a connection lacks, in the words of C-107; `none`: the server does not know REQUIRETLS. */
type Shortfall = 'noencryption' | 'nocertmatch' | 'nostarttls' | 'none'

type Demand = Exclude<RequireTlsAction, 'disable'>

const REFUSED: Readonly<Record<Demand, readonly Shortfall[]>> = {
  enforce: ['noencryption', 'nocertmatch', 'nostarttls', 'none'],
  'opportunistic+starttls': ['noencryption', 'nostarttls'],
  opportunistic: [],
}
const ENCRYPTION_NEEDED = '5.7.10'
const SUPPORT_REQUIRED = '5.7.30'

/**
 * REQUIRETLS of a message at one server, step by step. A failure is of a kind that lets other
 * servers be tried, and blames no destination. What is put up with is logged.
 */
export class RequireTlsCheck {
  readonly #action: Demand | 'error'
  readonly #queueId: string
  readonly #log: Logger
  #shortfall: Shortfall | undefined
  #isViolated = false
  #isOver = false

  /** @param action `error`: nobody can tell what to do, so nothing is sent. */
  constructor(action: Demand | 'error', queueId: string, log: Logger) {
    this.#action = action
    this.#queueId = queueId
    this.#log = log
  }

  /** The half of `tls=` that is about it (C-107). */
  get feature(): string {
    if (this.#action === 'error') return UNKNOWN_TLS
    const name = this.#shortfall === undefined ? 'requiretls' : `requiretls:${this.#shortfall}`
    if (this.#isViolated) return `!${name}`
    return this.#isOver ? name : 'requiretls?'
  }

  /** Before there is a connection: whether the level of TLS can do at all. */
  admit(level: TlsLevel, { name }: MailServer): Failure | undefined {
    if (this.#action === 'error') {
      const text = `REQUIRETLS policy configuration error. The last attempted server was ${name}`
      return { kind: 'unsupported', status: '4.7.10', text }
    }
    if (this.#action === 'opportunistic' || matchesCertificate(level)) return undefined
    return this.#noteLevel(level, name)
  }

  #noteLevel(level: TlsLevel, name: string): Failure | undefined {
    const what = level === 'none' ? 'encryption' : 'certificate matching'
    const text = `my configured TLS security level '${level}' disables ${what}. ${last(name)}`
    return this.#note(level === 'none' ? 'noencryption' : 'nocertmatch', ENCRYPTION_NEEDED, text)
  }

  /** The conversation would go on in plaintext. @param refusal what the server said to STARTTLS. */
  inPlaintext(
    level: TlsLevel,
    server: MailServer,
    refusal: SmtpReply | undefined,
  ): Failure | undefined {
    this.#isOver = true
    if (level === 'none') return this.#noteLevel(level, hostText(server))
    if (refusal === undefined) {
      const text = `TLS service was not offered by host ${hostText(server)}`
      return this.#note('nostarttls', SUPPORT_REQUIRED, text)
    }
    const reply = oneLine(refusal)
    const text = `host ${hostText(server)} refused to start TLS: ${reply}`
    const failure = this.#note('nostarttls', ENCRYPTION_NEEDED, text)
    return failure && { ...failure, reply }
  }

  /** After a handshake. Where less than all is wanted, the TLS level decides. */
  withCertificate(status: PeerVerdict['status'], server: MailServer): Failure | undefined {
    if (this.#action !== 'enforce' || status === 'Verified') return undefined
    const what = status === 'Trusted' ? 'matching' : 'trusted'
    const text = `no ${what} server certificate was found. ${last(hostText(server))}`
    return this.#note('nocertmatch', ENCRYPTION_NEEDED, text)
  }

  /** In TLS. @param isOffered whether the server has said that it knows REQUIRETLS. */
  withFeatures(isOffered: boolean, server: MailServer): Failure | undefined {
    this.#isOver = true
    if (isOffered) return undefined
    const text = `no server was found that supports REQUIRETLS. ${last(hostText(server))}`
    return this.#note('none', SUPPORT_REQUIRED, text)
  }

  #note(shortfall: Shortfall, status: string, problem: string): Failure | undefined {
    const action = this.#action
    this.#shortfall = shortfall
    const text = `Sender requested REQUIRETLS, but ${problem}`
    this.#isViolated = action === 'error' || REFUSED[action].includes(shortfall)
    if (this.#isViolated) return { kind: 'unsupported', status, text }
    const queueId = this.#queueId
    this.#log.info(`${queueId}: ${text} (policy: ${action})`, { queueId, reason: text })
    return undefined
  }
}

function last(server: string): string {
  return `The last attempted server was ${server}`
}
