import { rewriteAddress } from '@posthouse/address-resolver'
import type { CleanupMessage } from '@posthouse/cleanup'
import { systemClock as clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MaildropMessage, PickupResult, PickupTransaction, Submitter } from '@posthouse/pickup'

import { admission } from './admission.ts'
import type { Cleanups } from './cleanup-builder.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { noticeService } from './notice-services.ts'
import type { Notices } from './notices.ts'
import { cleanupOverrides } from './options/cleanup-options.ts'
import { rewriteRules } from './options/resolver-options.ts'
import {
  isRefused,
  logRefused,
  type Refused,
  refusedEntries,
  refusedMessage,
} from './refused-submission.ts'
import { programLog } from './service-log.ts'
import type { SharedParts } from './shared-parts.ts'

export type OpenSubmission = (submitter: Submitter) => Promise<PickupTransaction>

/** What submissions need. */
export interface SubmissionParts extends Pick<SharedParts, 'queued' | 'inflow' | 'mailLog'> {
  readonly cleanups: Cleanups
  readonly notices: Notices
}

/** What hands messages of the maildrop to cleanup, with the tables of one generation. */
export function submissionOpener(
  configuration: Configuration,
  { queued, inflow, mailLog, cleanups, notices }: SubmissionParts,
): OpenSubmission {
  const config = configOfProgram(configuration, 'pickup')
  const overrides = cleanupOverrides(config)
  const { in_flow_delay: inFlowDelayMs } = configOfProgram(configuration, 'cleanup')
  const fresh = cleanups.for(config, 'sendmail')
  // What it was asked for it has from its first passage.
  const requeued = cleanups.for(config, undefined)
  const rules = rewriteRules(configOfProgram(configuration, 'cleanup'))
  const rewrite = (address: string): string => rewriteAddress(address, rules)
  const log = programLog(configuration, 'cleanup', mailLog)
  const mayBounce = noticeService(configuration, 'bounce') !== undefined
  return async ({ userId, isRequeued }) => {
    await admission(inflow(), inFlowDelayMs)
    const transaction = await (isRequeued ? requeued : fresh).open({ userId }, overrides)
    const { id: queueId } = transaction
    return {
      id: queueId,
      submit: async (message) => {
        const result = await transaction.submit(cleanupMessage(message))
        if (result.kind === 'queued') queued(result.envelope, false)
        if (result.kind === 'held') inflow().giveBack()
        if (result.kind !== 'rejected' || result.status === 'bad') return { kind: 'done' }
        if (!mayBounce || !isRefused(result)) return { kind: 'later', reason: result.text }
        return returned({ queueId, message, rejection: result, rewrite }, notices, log)
      },
    }
  }
}

/** F-70. The message may go once its sender is sure to be told. */
async function returned(refused: Refused, notices: Notices, log: Logger): Promise<PickupResult> {
  try {
    await notices.return(refusedMessage(refused), refusedEntries(refused))
  } catch (error) {
    return { kind: 'later', reason: error instanceof Error ? error.message : String(error) }
  }
  logRefused(refused, clock.now(), log)
  return { kind: 'done' }
}

function cleanupMessage(message: MaildropMessage): CleanupMessage {
  const { content, sender, recipients, verpDelimiters, arrivalTimeMs, ...submission } = message
  return { content, sender, recipients, verpDelimiters, arrivalTimeMs, submission }
}
