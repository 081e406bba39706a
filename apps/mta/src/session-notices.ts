import { composeSessionNotice, type SessionNoticeOptions } from '@posthouse/bounce'
import { unquoteAddress } from '@posthouse/mail-address'
import type { DeliveryRequest } from '@posthouse/queue-manager'
import type { SessionNotice } from '@posthouse/smtp-client'

import type { QueueInternal } from './internal-mail.ts'
import type { ListUser } from './match-lists.ts'
import { headerFromFormat } from './options/header-from-format.ts'

/** Tells the postmaster of sessions. Resolves when that is queued, or was logged as impossible. */
export type NotifyOfSessions = (
  request: Pick<DeliveryRequest, 'queueId' | 'sender'>,
  notices: readonly SessionNotice[],
) => Promise<void>

/**
 * For the sessions of one client (C-110).
 *
 * @throws {ConfigError} `header_from_format` is none.
 */
export function sessionNotifier(
  { config, log }: ListUser,
  protocol: 'SMTP' | 'LMTP',
  queueInternal: QueueInternal,
): NotifyOfSessions {
  const options: SessionNoticeOptions = {
    myhostname: config.myhostname,
    mailName: config.mail_name,
    doubleBounceSender: config.double_bounce_sender,
    headerFromFormat: headerFromFormat(config),
    errorNoticeRecipient: unquoteAddress(config.error_notice_recipient),
  }
  const isChecked = config.internal_mail_filter_classes.includes('notify')
  return async ({ queueId, sender }, notices) => {
    for (const notice of notices) {
      const mail = composeSessionNotice({ ...notice, queueId, sender, protocol }, options)
      if (mail === undefined) continue
      const kind = { mailClass: 'notify', encoding: '', sendOptions: 0, isChecked } as const
      try {
        await queueInternal({ ...mail, ...kind, text: [mail.text] })
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        log.warning(`postmaster notify: ${reason}`, { queueId, reason })
      }
    }
  }
}
