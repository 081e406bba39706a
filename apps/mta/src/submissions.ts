import type { CleanupMessage, CleanupResult } from '@posthouse/cleanup'
import type { MaildropMessage, PickupResult, PickupTransaction, Submitter } from '@posthouse/pickup'

import { admission } from './admission.ts'
import type { Cleanups } from './cleanup-builder.ts'
import type { SharedParts } from './generation.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { cleanupOverrides } from './options/cleanup-options.ts'

export type OpenSubmission = (submitter: Submitter) => Promise<PickupTransaction>

/** What hands messages of the maildrop to cleanup, with the tables of one generation. */
export function submissionOpener(
  configuration: Configuration,
  { queued, inflow }: Pick<SharedParts, 'queued' | 'inflow'>,
  cleanups: Cleanups,
): OpenSubmission {
  const config = configOfProgram(configuration, 'pickup')
  const overrides = cleanupOverrides(config)
  const { in_flow_delay: inFlowDelayMs } = configOfProgram(configuration, 'cleanup')
  const fresh = cleanups.for(config, 'sendmail')
  // What it was asked for it has from its first passage.
  const requeued = cleanups.for(config, undefined)
  return async ({ userId, isRequeued }) => {
    await admission(inflow(), inFlowDelayMs)
    const transaction = await (isRequeued ? requeued : fresh).open({ userId }, overrides)
    return {
      id: transaction.id,
      submit: async (message) => {
        const result = await transaction.submit(cleanupMessage(message))
        if (result.kind === 'queued') queued(result.envelope, false)
        if (result.kind === 'held') inflow().giveBack()
        return pickupResult(result)
      },
    }
  }
}

function cleanupMessage(message: MaildropMessage): CleanupMessage {
  const { content, sender, recipients, verpDelimiters, arrivalTimeMs, ...submission } = message
  return { content, sender, recipients, verpDelimiters, arrivalTimeMs, submission }
}

/** F-58: what nobody gets is gone; what is refused stays, as there are no bounces yet. */
function pickupResult(result: CleanupResult): PickupResult {
  if (result.kind !== 'rejected') return { kind: 'done' }
  const { status, text } = result
  return status === 'rcpt' || status === 'bad' ? { kind: 'done' } : { kind: 'later', reason: text }
}
